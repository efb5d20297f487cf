//go:build unix

package drive

import (
	"syscall"
	"time"
)

// cpuTime is what the program has used so far, of all cores together.
func cpuTime() time.Duration {
	var use syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &use) != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
