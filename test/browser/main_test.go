package browser

import (
	"context"
	"fmt"
	"os"
	"testing"

	"momento-bridge/test/browser/show"
)

var (
	programs show.Programs
	chrome   context.Context // Of the browser that all tests share, each with tabs of its own.
)

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "browser")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(dir)
	if programs, err = show.Build(context.Background(), "../..", dir); err != nil {
		return fail(err)
	}
	var stop func()
	if chrome, stop, err = show.Chrome(context.Background()); err != nil {
		return fail(err)
	}
	defer stop()
	return m.Run()
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// startLab starts a daemon with what it needs.
func startLab(t *testing.T, cfg show.Config) *show.Lab {
	t.Helper()
	l, err := show.Start(t.Context(), programs, t.TempDir(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}
