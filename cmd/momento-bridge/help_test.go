package main

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

func TestHelpFitsATerminalOf100Columns(t *testing.T) {
	t.Parallel()
	var read func(args []string, cmd *cobra.Command)
	read = func(args []string, cmd *cobra.Command) {
		var out syncBuffer
		if err := run(t.Context(), append(args, "--help"), &out, &out); err != nil {
			t.Errorf("%v: %v", args, err)
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 100 {
				t.Errorf("%v: %d columns: %s", args, n, line)
			}
		}
		for _, sub := range cmd.Commands() {
			read(append(slices.Clip(args), sub.Name()), sub)
		}
	}
	read(nil, newRoot())
}
