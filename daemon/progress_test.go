package daemon

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/daemon/daemontest"
)

func TestPulseThatIsNotBeatenIsStuckAfterItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := progress{tick: progressTick}
		a, b := p.pulse("a", 30), p.pulse("b", 5)
		log := &daemontest.Buffer{}
		stop := runProgress(t, &p, log)
		f := func(after time.Duration, want string) {
			t.Helper()
			time.Sleep(after)
			if why := p.stuck(); why != want {
				t.Errorf("stuck = %q, want %q", why, want)
			}
		}
		f(time.Hour+progressTick/2, "") // Neither has begun.
		a.beat()
		f(30*time.Second, "")
		f(time.Second, "a has not moved for 31s")
		a.beat()
		b.suspect("somebody is in the way")
		f(3*time.Second, "")
		b.suspect("somebody is still in the way")
		f(2*time.Second, "")
		f(time.Second, "b has not moved for 6s: somebody is still in the way")
		b.suspect("")
		f(20*time.Second, "")
		stop()
		if n := strings.Count(log.String(), "the daemon is stuck"); n != 2 || strings.Count(log.String(),
			"works again") != 2 {
			t.Errorf("the log tells of being stuck %d times, want 2:\n%s", n, log)
		}
	})
}

// While a machine sleeps and while a process is stopped no goroutine runs, the one that counts ticks as little as the
// others; of the ticks that it missed it gets one.
func TestTimeInWhichNothingRanIsNotHeldAgainstAnybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := progress{tick: progressTick}
		a := p.pulse("a", 30)
		a.beat()
		time.Sleep(time.Hour)
		stop := runProgress(t, &p, &daemontest.Buffer{})
		time.Sleep(2 * time.Second)
		if why := p.stuck(); why != "" {
			t.Errorf("stuck = %q", why)
		}
		stop()
	})
}

func runProgress(t *testing.T, p *progress, log *daemontest.Buffer) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.run(ctx, slog.New(slog.NewTextHandler(log, nil)))
	}()
	return func() { cancel(); <-done }
}
