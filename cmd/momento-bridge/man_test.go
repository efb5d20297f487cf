//go:build man

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// pages writes man pages, and returns their texts by name.
func pages(t *testing.T) map[string]string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "man", "man1")
	var out, log syncBuffer
	if err := run(t.Context(), []string{"man", dir}, &out, &log); err != nil {
		t.Fatalf("%v: %s", err, log.String())
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(file)] = string(text)
	}
	return texts
}

func TestEachCommandHasAManPageOfTheDateThatIsSaid(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1767225600")
	texts := pages(t)
	var look func(cmd *cobra.Command)
	look = func(cmd *cobra.Command) {
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
		text := texts[name]
		if !strings.Contains(text, "Jan 2026") || !strings.Contains(text, cmd.Short) ||
			strings.Contains(text, "Auto generated") {
			t.Errorf("%s: %q", name, text)
		}
		delete(texts, name)
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				look(sub)
			}
		}
	}
	root := newRoot()
	root.InitDefaultCompletionCmd()
	look(root)
	for name := range texts {
		t.Errorf("%s is of no command", name)
	}
}

func TestManPagesAreTheSameEachTime(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1767225600")
	first, second := pages(t), pages(t)
	for name, text := range first {
		if second[name] != text {
			t.Errorf("%s differs", name)
		}
	}
	if len(first) < 20 || len(first) != len(second) {
		t.Errorf("%d pages, then %d", len(first), len(second))
	}
}

func TestWrongDateOfManPagesIsRefused(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	var out, log syncBuffer
	if err := run(t.Context(), []string{"man", t.TempDir()}, &out, &log); exitStatus(err) != statusUsage {
		t.Errorf("%v: %s", err, log.String())
	}
}
