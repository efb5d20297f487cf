package drive

import (
	"syscall"
	"time"
)

// sleep blocks the thread rather than the goroutine: Go's own timers are up to a millisecond late, the kernel's some 50
// µs.
func sleep(d time.Duration) {
	spec := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&spec, nil) // Woken early, the caller asks again.
}
