package packages

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// suite is the Debian that machines have.
const suite = "bookworm"

// inTree is what machines have besides the smallest Debian. The rpm is Debian's own: it knows of no package.
const inTree = "systemd,systemd-sysv,dbus,rpm,procps"

// makeTree returns the directory that machines begin with, and makes it if there is none yet.
func makeTree(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a place for the tree: %w", err)
	}
	name := fmt.Sprintf("%s-%x", suite, sha256.Sum256([]byte(inTree)))
	dir := filepath.Join(cache, "momento-bridge-machines", name[:len(suite)+9])
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", fmt.Errorf("make a place for the tree: %w", err)
	}
	unfinished, err := os.MkdirTemp(filepath.Dir(dir), "unfinished-")
	if err != nil {
		return "", fmt.Errorf("make a place for the tree: %w", err)
	}
	defer os.RemoveAll(unfinished)
	made := filepath.Join(unfinished, "tree")
	out, err := exec.CommandContext(ctx, "mmdebstrap", "--quiet", "--variant=minbase", "--include="+inTree, suite,
		made).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("make a tree of %s: %w\n%s", suite, err, out)
	}
	if err := os.Rename(made, dir); err != nil && !strings.Contains(err.Error(), "exists") {
		return "", fmt.Errorf("keep the tree: %w", err)
	}
	return dir, nil
}
