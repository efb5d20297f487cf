package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/soak"
)

// readReport reads the report of a search or of a rate test, or that of a soak: the other one is nil. The file is read
// once, as it may be a pipe.
func readReport(path string) (*report.Report, *soak.Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read a report: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, report.MaxSize+1)) // One more is refused as too large.
	if err != nil {
		return nil, nil, fmt.Errorf("read a report: %w", err)
	}
	soaked, ok, err := soak.Read(text)
	if ok && err == nil {
		return nil, soaked, nil
	}
	var r *report.Report
	if !ok {
		r, err = report.Read(bytes.NewReader(text))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil, nil
}

// readSearch is readReport for reports that may have found a limit.
func readSearch(path string) (*report.Report, error) {
	r, soaked, err := readReport(path)
	if soaked != nil {
		return nil, fmt.Errorf("%s: a soak has no limit; compare two reports of `loadtest find`", path)
	}
	return r, err
}
