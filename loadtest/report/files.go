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

// WriteAll writes every format into a directory, which it makes where it is not there, and returns the paths: as far as
// the report has what a format holds. A file of the same name is replaced, and only by a whole one. After an error the
// paths are those that were written until then.
func WriteAll(dir string, r *Report) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the directory of the report: %w", err)
	}
	type file struct {
		name  string
		write func(io.Writer) error
	}
	files := []file{
		{jsonName, func(w io.Writer) error { return WriteJSON(w, r) }},
		{htmlName, func(w io.Writer) error { return WriteHTML(w, r) }},
		{markdownName, func(w io.Writer) error { return WriteMarkdown(w, r) }},
		{textName, func(w io.Writer) error { return WriteText(w, r) }},
	}
	if len(r.Seconds) > 0 {
		files = append(files, file{secondsName, func(w io.Writer) error { return WriteSecondsCSV(w, r) }})
	}
	if len(r.Trials) > 0 {
		files = append(files, file{trialsName, func(w io.Writer) error { return WriteTrialsCSV(w, r) }})
	}
	if r.hasLog() {
		files = append(files, file{logName, func(w io.Writer) error { return WriteHLog(w, r) }})
	}
	for _, t := range r.timings() {
		if len(t.Spectrum) > 0 {
			files = append(files, file{
				fileName(t.name, t.what) + spectrumTail,
				func(w io.Writer) error { return WriteHGRM(w, t.Latency) },
			})
		}
	}
	var paths []string
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if err := writeFile(path, f.write); err != nil {
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

// WriteFile writes a file that is there whole or not at all.
func WriteFile(path string, write func(io.Writer) error) error { return writeFile(path, write) }

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
