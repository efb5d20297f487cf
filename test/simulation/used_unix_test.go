//go:build unix

package simulation

import (
	"syscall"
	"time"
)

// used is how much of processors this process has used. What the system does for others meanwhile is not in it.
func used() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
