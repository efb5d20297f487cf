//go:build unix

package secretfile

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestAPipeThatSomebodyWritesToIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"first", "second"} {
		written := make(chan error, 1)
		go func() { written <- os.WriteFile(path, []byte(want), 0o600) }()
		if text, err := Read(t.Context(), path); text != want || err != nil {
			t.Errorf("Read = %q, %v, want %q", text, err, want)
		}
		if err := <-written; err != nil {
			t.Error(err)
		}
	}
}
