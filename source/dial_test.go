package source

import (
	"bufio"
	"fmt"
	"log/slog"
	"net"
	"strings"
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
	conn, err := dialer{timeout: 5 * time.Second}.Dial("tcp", net.JoinHostPort("localhost", port))
	if err != nil {
		t.Fatalf("a name that has an address: %v", err)
	}
	conn.Close()
	for _, address := range []string{"no-such-host.invalid:4222", "no port", "127.0.0.1:9"} {
		if conn, err := (dialer{timeout: time.Second}).Dial("tcp", address); err == nil {
			t.Errorf("Dial(%q) = %v", address, conn)
		}
	}
}

// The server answers the first ping and then reads no more. Whoever publishes while the network's buffers are full
// waits.
func TestNetworkThatTakesNothingHoldsUpNobodyForLong(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		server, err := ln.Accept()
		if err != nil {
			return
		}
		t.Cleanup(func() { server.Close() })
		fmt.Fprint(server, `INFO {"server_id":"x","version":"2.15.0","proto":1,"max_payload":1048576}`+"\r\n")
		for in := bufio.NewScanner(server); in.Scan(); {
			if strings.HasPrefix(in.Text(), "PING") {
				fmt.Fprint(server, "PONG\r\n")
				return
			}
		}
	}()
	conn, err := Connect(ConnectConfig{URL: "nats://" + ln.Addr().String()}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	eventually(t, "connected", conn.IsConnected)
	ended := make(chan error, 1)
	go func() {
		payload := make([]byte, 1<<20)
		var err error
		for n := 0; n < 100 && err == nil; n++ { // More than any buffer on the way.
			err = conn.Publish("s", payload)
		}
		ended <- err
	}()
	eventually(t, "let go", func() bool { return len(ended) == 1 })
	if err := <-ended; err == nil {
		t.Error("everything was taken")
	}
}
