//go:build man

package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// addMan adds the command that writes man pages. It is for releases, and in no build that users get.
func addMan(root *cobra.Command) {
	root.AddCommand(&cobra.Command{
		Use:    "man DIR",
		Short:  "Write a man page for each command",
		Hidden: true, // It has no page itself.
		Args:   cobra.ExactArgs(1),
		RunE:   func(cmd *cobra.Command, args []string) error { return writeMan(cmd.Root(), args[0]) },
	})
}

// writeMan writes pages of section 1 into a directory, which it makes. The same commands, version and
// SOURCE_DATE_EPOCH make the same pages.
func writeMan(root *cobra.Command, dir string) error {
	date, err := manDate()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the directory for man pages: %w", err)
	}
	quiet(root)
	return doc.GenManTree(root, &doc.GenManHeader{
		Section: "1", Date: &date, Source: "momento-bridge " + build.Version, Manual: "momento-bridge manual",
	}, dir)
}

// manDate is SOURCE_DATE_EPOCH, without it today.
func manDate() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Now().UTC(), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		err = fmt.Errorf("SOURCE_DATE_EPOCH is %q: it is a number of seconds since 1970", text)
		return time.Time{}, &usageError{err}
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// quiet leaves out who has made the pages, and when.
func quiet(cmd *cobra.Command) {
	cmd.DisableAutoGenTag = true
	for _, sub := range cmd.Commands() {
		quiet(sub)
	}
}
