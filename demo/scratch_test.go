package demo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDemoKeepsItsFilesWhereItMayWrite(t *testing.T) {
	t.Parallel()
	missing, there := filepath.Join(t.TempDir(), "missing"), t.TempDir()
	dir, err := scratch(missing, there)
	if err != nil || filepath.Dir(dir) != there {
		t.Errorf("the directory is %s, %v, want one in %s", dir, err, there)
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := scratch(missing, missing); err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("without any: %v", err)
	}
}
