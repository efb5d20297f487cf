package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"momento-bridge/emulator"
)

// Hours of a test whose report cannot be written are for nothing.
func TestADirectoryThatCannotBeWrittenIsToldBeforeAnythingIsPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"find"},
		{"rate", "--rate", "20", "--duration", "1s"},
		append([]string{"soak", "--rate", "20", "--duration", "1s"}, w.natsOfSlim()...),
	} {
		var out, log syncBuffer
		err := run(t.Context(), append([]string{
			"loadtest", args[0], "--endpoint", w.endpoint, "--api-key-file", w.keyFile, "--cache", "c", "--yes",
			"--out", filepath.Join(file, "results"),
		}, args[1:]...), &out, &log)
		if err == nil || !strings.Contains(log.String()+err.Error(), "--out: ") || out.String() != "" {
			t.Errorf("%s: %v\n%s", args[0], err, log.String())
		}
	}
	if n := w.emulator.Stats().Accepted; n > 0 {
		t.Errorf("%d publishes were sent all the same", n)
	}
}
