//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// piped is a pipe that holds a file and can be read once, as a shell's <(...) is.
func piped(t *testing.T, file string) (path string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = from.Close() })
	_, err = to.Write(text) // A pipe has room for so little.
	if err := errors.Join(err, to.Close()); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("/dev/fd/%d", from.Fd())
}

func TestReportsCanComeFromPipes(t *testing.T) {
	t.Parallel()
	search, soaked := reportFile(t, 498, 502), filepath.Join(t.TempDir(), "soak.json")
	if err := os.WriteFile(soaked, []byte(`{"schema": 1, "test": "soak", "verdict": "short"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"report", piped(t, search)}, "498"},
		{[]string{"report", piped(t, soaked)}, "nothing of 0 messages was lost"},
		{[]string{"compare", search, piped(t, search)}, "unchanged"},
	} {
		var out syncBuffer
		err := run(t.Context(), append([]string{"loadtest"}, c.args...), &out, &out)
		if err != nil || !strings.Contains(out.String(), c.want) {
			t.Errorf("loadtest %s: %v: %s", c.args[0], err, out.String())
		}
	}
}
