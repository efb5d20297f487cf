package report

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// The names of the files of a report.
const (
	jsonName     = "report.json"
	htmlName     = "report.html"
	markdownName = "report.md"
	textName     = "report.txt"
	spectrumTail = ".hgrm"
	logName      = "times.hlog"
	secondsName  = "seconds.csv"
	trialsName   = "trials.csv"
)

// WriteAll writes every format into a directory, as WriteFiles does: as far as the report has what a format holds.
func WriteAll(dir string, r *Report) ([]string, error) {
	files := []File{
		{jsonName, func(w io.Writer) error { return WriteJSON(w, r) }},
		{htmlName, func(w io.Writer) error { return WriteHTML(w, r) }},
		{markdownName, func(w io.Writer) error { return WriteMarkdown(w, r) }},
		{textName, func(w io.Writer) error { return WriteText(w, r) }},
	}
	if len(r.Seconds) > 0 {
		files = append(files, File{secondsName, func(w io.Writer) error { return WriteSecondsCSV(w, r) }})
	}
	if len(r.Trials) > 0 {
		files = append(files, File{trialsName, func(w io.Writer) error { return WriteTrialsCSV(w, r) }})
	}
	if r.hasLog() {
		files = append(files, File{logName, func(w io.Writer) error { return WriteHLog(w, r) }})
	}
	for _, t := range r.timings() {
		if len(t.Spectrum) > 0 {
			files = append(files, File{
				fileName(t.name, t.what) + spectrumTail,
				func(w io.Writer) error { return WriteHGRM(w, t.Latency) },
			})
		}
	}
	return WriteFiles(dir, files)
}

// File is one of those that a report is written into.
type File struct {
	Name  string
	Write func(io.Writer) error
}

// WriteFiles writes files into a directory, which it makes where it is not there, and returns their paths. A file of
// the same name is replaced, and only by a whole one. After an error the paths are those that were written until then.
func WriteFiles(dir string, files []File) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the directory of the report: %w", err)
	}
	var paths []string
	for _, f := range files {
		path := filepath.Join(dir, f.Name)
		if err := writeFile(path, f.Write); err != nil {
			return paths, fmt.Errorf("writing %s: %w", path, err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// fileName makes the name of a distribution that of a file, for every system: 50-of-clean-response.
func fileName(words ...string) string {
	plain := strings.FieldsFunc(strings.ToLower(strings.Join(words, " ")), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9')
	})
	name := strings.Join(plain, "-")
	return name[:min(len(name), 80)]
}

// writeFile writes a file beside its place and then puts it there.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".report-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // Once it is in its place, nothing is there.
	err = errors.Join(write(f), f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
