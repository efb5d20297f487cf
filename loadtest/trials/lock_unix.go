//go:build unix && !aix && !solaris

package trials

import (
	"errors"
	"os"
	"syscall"
)

// lock lets nobody else lock the file until it is closed. A file system that has no locks is taken as it is.
func lock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EWOULDBLOCK):
			return errInUse
		default:
			return nil
		}
	}
}
