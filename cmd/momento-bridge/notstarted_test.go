package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"momento-bridge/daemon/daemontest"
)

// systemctl status shows nothing of what a program has written that is to be started again, but what it has told.
func TestServiceManagerIsToldWhyThereIsNoDaemon(t *testing.T) {
	manager := daemontest.NewManager(t)
	t.Setenv("NOTIFY_SOCKET", manager.Socket)
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte("unheard_of: 1\nrotes: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	if status := exitStatus(run(t.Context(), []string{"run", "-c", file}, io.Discard, &said)); status != statusUsage {
		t.Errorf("the exit status is %d", status)
	}
	manager.Await(t, "STATUS="+file+`:1:1: unknown key "unheard_of" in the file`)
	told := manager.Since(time.Hour, "STATUS=")
	more := strings.Count(strings.TrimSpace(said.String()), "\n")
	if want := fmt.Sprintf(" (%d more in the journal)", more); len(told) != 1 || !strings.HasSuffix(told[0], want) {
		t.Errorf("told is %q, and said\n%s", told, said.String())
	}
}
