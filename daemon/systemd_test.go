package daemon

import (
	"os"
	"strconv"
	"testing"
	"time"

	"momento-bridge/daemon/daemontest"
	"momento-bridge/emulator"
)

func TestSystemdIsToldHowTheDaemonIs(t *testing.T) {
	t.Parallel()
	hang, arrived := make(chan struct{}), make(chan struct{}, 10)
	w := newSurroundings(t,
		emulator.Config{Script: func(string, string, []byte) int { arrived <- struct{}{}; <-hang; return 0 }})
	w.timeout = 14 * time.Second // The message is in flight however long the daemon is watched.
	if err := w.js.DeleteStream(t.Context(), "S"); err != nil {
		t.Fatal(err)
	}
	d := startWatched(t, w, "  - {name: s, stream: S, cache: c}", func(*Plan) {})
	d.manager.Await(t, "STATUS=0 in flight, 0 waiting. The route is standing still: s: stream S does not exist")
	if told := d.manager.Since(time.Hour, "READY"); len(told) > 0 {
		t.Errorf("systemd is told %q while the stream is missing", told)
	}
	w.createStream(t, "S", "s")
	d.manager.Await(t, "READY=1")
	d.manager.Await(t, "STATUS=0 in flight, 0 waiting. Idle")
	w.publish(t, "x")
	<-arrived
	d.manager.Await(t, "STATUS=1 in flight, 1 waiting. ")
	daemontest.Eventually(t, "a sign of life each half second, or so", func() bool {
		return len(d.manager.Since(2*time.Second, "WATCHDOG=1")) >= 3
	})
	d.cancel()
	d.manager.Await(t, "STOPPING=1")
	d.manager.Await(t, "EXTEND_TIMEOUT_USEC=15000000")
	d.manager.Await(t, "STATUS=1 in flight, 1 waiting. Stopping: 1 messages are in flight and being finished, 0 "+
		"more are held.")
	signs := len(d.manager.Since(time.Hour, "WATCHDOG=1"))
	daemontest.Eventually(t, "a sign of life while the daemon drains", func() bool {
		return len(d.manager.Since(time.Hour, "WATCHDOG=1")) > signs
	})
	close(hang)
	if err := <-d.done; err != nil {
		t.Errorf("run = %v", err)
	}
}

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
