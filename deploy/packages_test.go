package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Package managers give up on a removal whose script fails. test/packages has the scripts on real machines.
func TestRemovalGoesOnWhereSystemctlFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "systemctl"), []byte("#!/bin/sh\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	for _, of := range []string{"remove", "0"} { // As dpkg and rpm call it.
		if out, err := exec.Command("sh", "packages/prerm", of).CombinedOutput(); err != nil {
			t.Errorf("prerm %s: %v\n%s", of, err, out)
		}
	}
}
