package main

import (
	"os"
	"strconv"
	"testing"
	"time"

	"momento-bridge/daemon/daemontest"
	"momento-bridge/emulator"
)

func TestSystemdIsToldHowTheDaemonIs(t *testing.T) {
	manager := daemontest.NewManager(t)
	t.Setenv("NOTIFY_SOCKET", manager.Socket)
	t.Setenv("WATCHDOG_USEC", "1000000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	hang, arrived := make(chan struct{}), make(chan struct{}, 10)
	w := newWorld(t, emulator.Config{Script: func(string, string, []byte) int { arrived <- struct{}{}; <-hang; return 0 }})
	p := startDaemon(t, "-c", w.config("", "  - {name: s, stream: S, cache: c}"))
	manager.Await(t, "STATUS=0 in flight, 0 waiting. The route is standing still: s: stream S does not exist")
	if told := manager.Since(time.Hour, "READY"); len(told) > 0 {
		t.Errorf("systemd is told %q while the stream is missing", told)
	}
	w.stream("S", "s.*")
	manager.Await(t, "READY=1")
	manager.Await(t, "STATUS=0 in flight, 0 waiting. Idle")
	w.publish("s.x", "x")
	<-arrived
	manager.Await(t, "STATUS=1 in flight, 1 waiting. ")
	if n := len(manager.Since(2*time.Second, "WATCHDOG=1")); n < 3 || n > 5 {
		t.Errorf("%d signs of life in 2 s, want one each half second", n)
	}
	p.cancel()
	manager.Await(t, "STOPPING=1")
	manager.Await(t, "EXTEND_TIMEOUT_USEC=15000000")
	manager.Await(t, "STATUS=1 in flight, 1 waiting. Stopping: 1 messages are in flight and being finished, 0 more are held.")
	if len(manager.Since(time.Second, "WATCHDOG=1")) == 0 {
		t.Error("no sign of life while the daemon drains")
	}
	close(hang)
	if err := p.wait(); err != nil {
		t.Errorf("run = %v", err)
	}
}
