package browser

import (
	"context"
	"fmt"
	"os"
	"testing"

	"momento-bridge/test/browser/show"
	"momento-bridge/test/lab"
)

var (
	rig    *lab.Lab        // Has the programs.
	chrome context.Context // Of the browser that all tests share, each with tabs of its own.
)

// root is the module of the program.
const root = "../.."

func TestMain(m *testing.M) {
	var stop func()
	var err error
	//nolint:fatcontext // One browser for all tests.
	chrome, stop, err = show.Chrome(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := lab.RunTests(m, root, "2", func(l *lab.Lab) { rig = l })
	stop()
	os.Exit(status)
}

// startShow starts a daemon with what it needs.
func startShow(t *testing.T, cfg show.Config) *show.Show {
	t.Helper()
	s, err := show.Start(t.Context(), rig, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}
