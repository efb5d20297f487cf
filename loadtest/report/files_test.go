package report

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew; read the difference")

// samples are the reports that the golden files are made from.
var samples = map[string]func() *Report{"find": sampleFind, "soft": sampleSoft, "rate": sampleRate}

// golden compares with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; go test -update writes it anew. It is now:\n%s", path, got)
	}
}

func written(t *testing.T, write func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTextsAreThoseOfTheGoldenFiles(t *testing.T) {
	for name, sample := range samples {
		r := sample()
		golden(t, name+".txt", written(t, func(w io.Writer) error {
			return WriteText(w, r, "results/report.json", "results/report.html")
		}))
		golden(t, name+".md", written(t, func(w io.Writer) error { return WriteMarkdown(w, r) }))
	}
}

func TestAllFilesAreWrittenWholeAndReadableForAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "results")
	paths, err := WriteAll(dir, sampleFind())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || info.Mode() != 0o644 || info.Size() == 0 {
			t.Errorf("%s: %v, mode %v", path, err, info.Mode())
		}
		names = append(names, filepath.Base(path))
	}
	want := []string{
		"report.json", "report.html", "report.md", "report.txt", "seconds.csv", "trials.csv",
		"50-of-clean-response.hgrm",
		"50-of-clean-service.hgrm",
		"80-of-clean-response.hgrm", "80-of-clean-service.hgrm", "95-of-clean-response.hgrm",
		"95-of-clean-service.hgrm", "plateau-response.hgrm", "generator-send-delay.hgrm",
	}
	if !slices.Equal(names, want) {
		t.Errorf("written are %q, want %q", names, want)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(want) {
		t.Errorf("%d files are there, want %d: %v", len(entries), len(want), err)
	}
	if _, err := WriteAll(dir, sampleSoft()); err != nil {
		t.Errorf("a second report over the first: %v", err)
	}
}

func TestAFileKeepsItsOldContentWhenTheNewOneFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.json")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteAll(dir, &Report{Schema: Schema, Test: "other"}); err == nil || !strings.Contains(err.Error(),
		"report.json") {
		t.Errorf("error is %v, want one that names the file", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "old" {
		t.Errorf("the file is %q, %v", text, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files are left over", len(entries)-1)
	}
}

func TestNamesOfDistributionsDoNotLeaveTheDirectory(t *testing.T) {
	r := sampleFind()
	l := r.Latency["50%"]
	r.Latency = map[string]Latency{"../../etc/x": l, "Ärger/..\\": l}
	dir := t.TempDir()
	paths, err := WriteAll(dir, r)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if filepath.Dir(path) != dir {
			t.Errorf("%s is outside of %s", path, dir)
		}
	}
}

func TestSpectraAreInTheFormatThatPlottersRead(t *testing.T) {
	l := latency(1, 4000, 0.005, 0.2, 0)
	text := written(t, func(w io.Writer) error { return WriteHGRM(w, &l) })
	golden(t, "spectrum.hgrm", text)
	points := 0
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) != 4 || strings.HasPrefix(line, "#") || fields[0] == "Value" {
			continue
		}
		points++
	}
	if points != len(l.Spectrum)-1 { // All but the last, at 100 %, which is infinitely far to the right.
		t.Errorf("a plotter sees %d points, want %d", points, len(l.Spectrum)-1)
	}
}
