//go:build unix

package daemon

import (
	"os"
	"syscall"
)

// own reports whether a file is of the user who runs the daemon.
func own(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
