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
		began := time.Now()
		if conn, err := (dialer{timeout: time.Second}).Dial("tcp", address); err == nil || time.Since(began) > 3*time.Second {
			t.Errorf("Dial(%q) = %v, %v after %v", address, conn, err, time.Since(began))
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
	for end := time.Now().Add(10 * time.Second); !conn.IsConnected(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not connected")
		}
	}
	payload := make([]byte, 1<<20)
	for range 100 { // More than any buffer on the way.
		began := time.Now()
		err := conn.Publish("s", payload)
		if took := time.Since(began); took > writeTimeout+5*time.Second {
			t.Errorf("Publish = %v after %v", err, took)
		}
		if err != nil {
			return
		}
	}
	t.Error("everything was taken")
}
