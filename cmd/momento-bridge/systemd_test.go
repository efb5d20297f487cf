package main

import (
	"net"
	"path/filepath"
	"testing"
	"time"

	"momento-bridge/sink/emulator"
)

func TestSystemdIsToldWhenTheDaemonIsReadyAndWhenItStops(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	w := newWorld(t, emulator.Config{})
	p := startDaemon(t, "-c", w.config("", "  - {name: s, stream: S, cache: c}"))
	p.awaitNotReady("stream S does not exist")
	if err := manager.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	message := make([]byte, 100)
	if n, err := manager.Read(message); err == nil {
		t.Errorf("systemd is told %q while the stream is missing", message[:n])
	}
	w.stream("S", "s.*")
	if err := manager.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"READY=1", "STOPPING=1"} {
		n, err := manager.Read(message)
		if got := string(message[:n]); err != nil || got != want {
			t.Errorf("systemd is told %q, %v, want %s", got, err, want)
		}
		p.cancel()
	}
	if err := p.wait(); err != nil {
		t.Errorf("run = %v", err)
	}
}
