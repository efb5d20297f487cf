package momentosdk

import (
	"context"
	"net"
	"testing"

	"momento-bridge/emulator"
)

// startEmulator serves an emulator on a free port. It ends with the test.
func startEmulator(t *testing.T, cfg emulator.Config) endpoint {
	t.Helper()
	_, e := serveEmulator(t, cfg)
	return e
}

// serveEmulator returns the emulator, too, for settings that change.
func serveEmulator(t *testing.T, cfg emulator.Config) (*emulator.Server, endpoint) {
	t.Helper()
	s, err := emulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
	return s, endpoint{url: "http://" + ln.Addr().String(), key: "the-key"}
}
