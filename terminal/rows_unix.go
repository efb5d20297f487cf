//go:build unix

package terminal

import (
	"io"

	"golang.org/x/sys/unix"
)

// Rows returns how many rows a terminal has; 0 if it is none, or does not say.
func Rows(w io.Writer) int {
	f := fileOf(w)
	if f == nil {
		return 0
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return 0
	}
	rows := 0
	err = raw.Control(func(fd uintptr) {
		if size, err := unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ); err == nil {
			rows = int(size.Row)
		}
	})
	if err != nil {
		return 0
	}
	return rows
}
