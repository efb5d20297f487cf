//go:build !race

package source

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

func TestReadingAReplyAllocatesNothing(t *testing.T) {
	for _, reply := range []string{exampleReply, "$JS.ACK._.ACC.ORDERS.bridge.3.42.7.1700000000123456789.0.x1y2"} {
		if n := testing.AllocsPerRun(1000, func() { parseReply(reply) }); n != 0 {
			t.Errorf("%g allocations for %s, want none", n, reply)
		}
	}
}

func TestNotingADeliveryAllocatesNothing(t *testing.T) {
	var held deliveries
	m, due := &nats.Msg{Reply: exampleReply}, time.Now()
	var some [64]*delivery
	carry := func() {
		for i := range some {
			some[i], _ = held.add(m, uint64(i), due)
		}
		for _, d := range some {
			held.remove(d, true)
		}
	}
	if n := testing.AllocsPerRun(100, carry); n != 0 {
		t.Errorf("%g allocations for %d deliveries, want none", n, len(some))
	}
}

// What the NATS client allocates for a publish is its own.
func TestAcknowledgingAllocatesNothing(t *testing.T) {
	conn, err := nats.Connect(startMuteServer(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	acks := NewAcks(conn)
	for _, hurry := range []bool{false, true} {
		acknowledge := func() {
			if err := acks.done(exampleReply, hurry); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 * maxRecent { // Until the list of those to be sent again is as long as it becomes.
			acknowledge()
		}
		own := testing.AllocsPerRun(10_000, acknowledge)
		client := testing.AllocsPerRun(10_000, func() {
			if err := conn.Publish(exampleReply, ackDone); err != nil {
				t.Fatal(err)
			}
		})
		if own > client {
			t.Errorf(
				"%g allocations for an acknowledgement with hurry %v, %g of them the client's, want no others", own,
				hurry, client)
		}
	}
}

// startMuteServer starts a NATS server that lets a client connect, reads what it says and allocates nothing for it.
func startMuteServer(t *testing.T) (url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn,
			`INFO {"server_id":"mute","version":"2.15.0","proto":1,"max_payload":1048576}`+"\r\n")
		in := bufio.NewReader(conn)
		for line := ""; !strings.HasPrefix(line, "PING"); {
			if line, err = in.ReadString('\n'); err != nil {
				return
			}
		}
		_, _ = io.WriteString(conn, "PONG\r\n")
		_, _ = io.Copy(io.Discard, in)
	}()
	return "nats://" + ln.Addr().String()
}
