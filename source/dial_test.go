package source

import (
	"net"
	"testing"
	"time"
)

// nats.go is locked while it connects.
func TestConnectingEndsInTime(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	conn, err := dialer{5 * time.Second}.Dial("tcp", net.JoinHostPort("localhost", port))
	if err != nil {
		t.Fatalf("a name that has an address: %v", err)
	}
	conn.Close()
	for _, address := range []string{"no-such-host.invalid:4222", "no port", "127.0.0.1:9"} {
		began := time.Now()
		if conn, err := (dialer{time.Second}).Dial("tcp", address); err == nil || time.Since(began) > 3*time.Second {
			t.Errorf("Dial(%q) = %v, %v after %v", address, conn, err, time.Since(began))
		}
	}
}
