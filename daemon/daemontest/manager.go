package daemontest

import (
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Manager is a service manager that remembers what it is told.
type Manager struct {
	Socket string
	mu     sync.Mutex
	told   []string
	at     []time.Time
}

// NewManager returns one that listens.
func NewManager(t *testing.T) *Manager {
	t.Helper()
	m := &Manager{Socket: filepath.Join(t.TempDir(), "notify")}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.Socket, Net: "unixgram"})
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

// Since returns what it was told that begins with a word, within a time before now.
func (m *Manager) Since(d time.Duration, word string) []string {
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

// Await waits until it is told something that begins with a word.
func (m *Manager) Await(t *testing.T, word string) {
	t.Helper()
	Eventually(t, "systemd is told "+word, func() bool { return len(m.Since(time.Hour, word)) > 0 })
}
