package main

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"momento-bridge/emulator"
)

// fakeManager is a service manager that remembers what it is told.
type fakeManager struct {
	socket string
	mu     sync.Mutex
	told   []string
	at     []time.Time
}

func newFakeManager(t *testing.T) *fakeManager {
	t.Helper()
	m := &fakeManager{socket: filepath.Join(t.TempDir(), "notify")}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		message := make([]byte, 4096)
		for {
			n, err := conn.Read(message)
			if err != nil {
				return
			}
			m.mu.Lock()
			m.told, m.at = append(m.told, string(message[:n])), append(m.at, time.Now())
			m.mu.Unlock()
		}
	}()
	return m
}

// since returns what it was told that begins with a word, within a time before now.
func (m *fakeManager) since(d time.Duration, word string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []string
	for i, told := range m.told {
		if strings.HasPrefix(told, word) && time.Since(m.at[i]) < d {
			found = append(found, told)
		}
	}
	return found
}

func (m *fakeManager) await(t *testing.T, word string) {
	t.Helper()
	eventually(t, "systemd is told "+word, func() bool { return len(m.since(time.Hour, word)) > 0 })
}

func TestSystemdIsToldHowTheDaemonIs(t *testing.T) {
	manager := newFakeManager(t)
	t.Setenv("NOTIFY_SOCKET", manager.socket)
	t.Setenv("WATCHDOG_USEC", "1000000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	hang, arrived := make(chan struct{}), make(chan struct{}, 10)
	w := newWorld(t, emulator.Config{Script: func(string, string, []byte) int { arrived <- struct{}{}; <-hang; return 0 }})
	p := startDaemon(t, "-c", w.config("", "  - {name: s, stream: S, cache: c}"))
	manager.await(t, "STATUS=0 in flight, 0 waiting. The route is standing still: s: stream S does not exist")
	if told := manager.since(time.Hour, "READY"); len(told) > 0 {
		t.Errorf("systemd is told %q while the stream is missing", told)
	}
	w.stream("S", "s.*")
	manager.await(t, "READY=1")
	manager.await(t, "STATUS=0 in flight, 0 waiting. Idle")
	w.publish("s.x", "x")
	<-arrived
	manager.await(t, "STATUS=1 in flight, 1 waiting. ")
	if n := len(manager.since(2*time.Second, "WATCHDOG=1")); n < 3 || n > 5 {
		t.Errorf("%d signs of life in 2 s, want one each half second", n)
	}
	p.cancel()
	manager.await(t, "STOPPING=1")
	manager.await(t, "EXTEND_TIMEOUT_USEC=15000000")
	manager.await(t, "STATUS=1 in flight, 1 waiting. Stopping: 1 messages are in flight and being finished, 0 more are held.")
	if len(manager.since(time.Second, "WATCHDOG=1")) == 0 {
		t.Error("no sign of life while the daemon drains")
	}
	close(hang)
	if err := p.wait(); err != nil {
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
