package daemon

import (
	"os"
	"strconv"
	"testing"
	"time"
)

func TestSignsOfLifeAreForWhoWantsThem(t *testing.T) {
	f := func(limit, pid string, want time.Duration) {
		t.Helper()
		t.Setenv("WATCHDOG_USEC", limit)
		t.Setenv("WATCHDOG_PID", pid)
		if got := newServiceManager(os.Getenv).watchdog; got != want {
			t.Errorf("limit %q for process %q: one each %v, want %v", limit, pid, got, want)
		}
	}
	f("", "", 0)
	f("30000000", "", 15*time.Second)
	f("30000000", strconv.Itoa(os.Getpid()), 15*time.Second)
	f("30000000", "1", 0)
	f("no number", "", 0)
	f("-1", "", 0)
}
