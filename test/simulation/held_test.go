package simulation

import (
	"runtime"
	"testing"
)

// The system may have a goroutine go on in another thread at any time. Where a thread stays held nothing collects
// garbage: who asks for that waits for ever.
func TestNoThreadStaysHeldAfterItsGoroutineHasMoved(t *testing.T) {
	thread := findThread()
	if !thread.found() {
		t.Skip("not known of this release of Go, or on this machine")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	thread.hold()
	moved := make(chan struct{})
	go func() { // In another one, as this one is locked.
		defer close(moved)
		letGo()
	}()
	<-moved
	stays := thread.holds()
	letGo()
	if stays {
		t.Error("the thread is held although the goroutine, in another one, has said that it should not be")
	}
}
