//go:build unix

package terminal

import (
	"io"

	"golang.org/x/sys/unix"
)

// Rows returns how many rows a terminal has; 0 if it is none, or does not say.
func Rows(w io.Writer) int {
	rows, _ := size(w)
	return rows
}

// Columns returns how many characters fit into a line of a terminal; 0 if it is none, or does not say.
func Columns(w io.Writer) int {
	_, columns := size(w)
	return columns
}

func size(w io.Writer) (rows, columns int) {
	f := fileOf(w)
	if f == nil {
		return 0, 0
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, 0
	}
	err = raw.Control(func(fd uintptr) {
		if size, err := unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ); err == nil {
			rows, columns = int(size.Row), int(size.Col)
		}
	})
	if err != nil {
		return 0, 0
	}
	return rows, columns
}
