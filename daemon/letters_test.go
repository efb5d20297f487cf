package daemon

import (
	"strings"
	"testing"
	"time"

	"momento-bridge/printable"
	"momento-bridge/source"
)

func TestHeadersOfDeadLettersControlNoTerminal(t *testing.T) {
	t.Parallel()
	kept := time.Unix(0, 0)
	all := letters{}
	for _, l := range []source.Letter{
		{Route: "a", Reason: "too_large", Status: "0", Kept: kept},
		{Route: "a", Reason: "x\x1b]0;title\a", Status: "4\x1b[2J00", Kept: kept},
		{Route: "a\u202e", Reason: "two\tcells\r\nand\v\flines\xff", Status: "\u009b31m", Kept: kept},
		{Route: "a", Reason: strings.Repeat("long", 1000), Status: "400", Kept: kept},
	} {
		all.add(l)
		all.add(l)
	}
	var out strings.Builder
	if err := all.write(&out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 6 || lines[5] != "8 would be replayed" {
		t.Errorf(
			"there are %d lines, want a head, one for each of 4 kinds, and their number:\n%s", len(lines), out.String())
	}
	for _, line := range lines {
		if line != printable.Text(line) || len(line) > 300 {
			t.Errorf("printed is %q", line)
		}
	}
}
