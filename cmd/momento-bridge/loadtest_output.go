package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"momento-bridge/loadtest/report"
)

// outputFlags are the flags of the load tests that say where their report goes.
type outputFlags struct {
	format, dir string
}

// The formats of standard output.
const (
	formatText = "text"
	formatJSON = "json"
)

// add declares the flags.
func (o *outputFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.format, "format", formatText, "what is printed: text or json")
	cmd.Flags().StringVar(&o.dir, "out", "", "write the report in every format into this `directory` too")
}

// check finds what is wrong with the flags.
func (o *outputFlags) check() error {
	if !slices.Contains([]string{formatText, formatJSON}, o.format) {
		return fmt.Errorf("--format is %q: write text or json; --out writes every format", o.format)
	}
	return nil
}

// ready makes the directory before a test that may take hours, and sees whether files can be written there.
func (o *outputFlags) ready() error {
	if o.dir == "" {
		return nil
	}
	err := os.MkdirAll(o.dir, 0o755)
	if err == nil {
		var f *os.File
		if f, err = os.CreateTemp(o.dir, ".report-*"); err == nil {
			err = errors.Join(f.Close(), os.Remove(f.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return nil
}

// write writes the files and prints the report. The report is printed even if the files cannot be written.
func (o *outputFlags) write(stdout, stderr io.Writer, r *report.Report) error {
	var files []string
	var failed error
	if o.dir != "" {
		if files, failed = report.WriteAll(o.dir, r); failed != nil {
			failed = fmt.Errorf("--out: %w", failed)
		}
	}
	if o.format == formatText {
		if err := report.WriteText(stdout, r, files...); err != nil {
			return err
		}
		return failed
	}
	for _, name := range files {
		fmt.Fprintln(stderr, "wrote", name)
	}
	if err := report.WriteJSON(stdout, r); err != nil {
		return err
	}
	return failed
}
