package natsmodel

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// talk gives a server what clients say on one connection, cut into pieces, and returns what it answers.
func talk(s *Server, id Conn, pieces ...[]byte) string {
	var heard strings.Builder
	for _, piece := range pieces {
		s.Receive(epoch, id, piece)
		for _, chunk := range s.Output() {
			heard.Write(chunk.Bytes)
			if chunk.Closed {
				heard.WriteString("closed")
			}
		}
	}
	return heard.String()
}

// connected returns a server with a connection that is greeted.
func connected() (*Server, Conn) {
	s := New(Config{Seed: 1})
	id := s.Open(epoch)
	s.Output()
	return s, id
}

func TestTheServerAnswersTheProtocol(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, said, want string }{
		{"a ping", "PING\r\n", "PONG\r\n"},
		{"words in small letters, and no carriage return", "ping\n", "PONG\r\n"},
		{"a message", "SUB a 1\r\nPUB a 2\r\nhi\r\n", "MSG a 1 2\r\nhi\r\n"},
		{
			"a message with a header", "CONNECT {\"headers\":true}\r\nSUB a 1\r\n" +
				"HPUB a r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n",
			"HMSG a 1 r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n",
		},
		{"no header for who wants none", "SUB a 1\r\nHPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n", "MSG a 1 2\r\nhi\r\n"},
		{
			"wildcards", "SUB a.* 1\r\nSUB a.> 2\r\nPUB a.b.c 0\r\n\r\nPUB a.b 0\r\n\r\n",
			"MSG a.b.c 2 0\r\n\r\nMSG a.b 1 0\r\n\r\nMSG a.b 2 0\r\n\r\n",
		},
		{"a queue group of one client", "SUB a q 1\r\nSUB a q 2\r\nUNSUB 2\r\nPUB a 0\r\n\r\n", "MSG a 1 0\r\n\r\n"},
		{"a limited subscription", "SUB a 1\r\nUNSUB 1 1\r\nPUB a 0\r\n\r\nPUB a 0\r\n\r\n", "MSG a 1 0\r\n\r\n"},
		{
			"nobody there", "CONNECT {\"headers\":true,\"no_responders\":true}\r\nSUB r 1\r\nPUB a r 0\r\n\r\n",
			"HMSG r 1 33 33\r\nNATS/1.0 503\r\nNats-Subject: a\r\n\r\n\r\n",
		},
		{"no echo", "CONNECT {\"echo\":false}\r\nSUB a 1\r\nPUB a 0\r\n\r\n", ""},
		{"verbose", "CONNECT {\"verbose\":true}\r\nSUB a 1\r\n", "+OK\r\n+OK\r\n"},
		{"a subject that is none", "SUB a..b 1\r\nPING\r\n", "-ERR 'Invalid Subject'\r\nPONG\r\n"},
		{"a word that is none", "HELLO\r\nPING\r\n", "-ERR 'Unknown Protocol Operation'\r\nclosed"},
		{"a size that is none", "PUB a x\r\n", "-ERR 'Parser Error'\r\nclosed"},
		{"a payload that is longer than it says", "PUB a 1\r\nxyz\r\n", "-ERR 'Unknown Protocol Operation'\r\nclosed"},
		{"too large a payload", "PUB a 1048577\r\n", "-ERR 'Maximum Payload Violation'\r\nclosed"},
		{"a line without end", strings.Repeat("x", maxControlLine+1), "-ERR 'Maximum Control Line Exceeded'\r\nclosed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, id := connected()
			if got := talk(s, id, []byte(c.said)); got != c.want {
				t.Errorf("the server says %q, want %q", got, c.want)
			}
			s, id = connected()
			if got := talk(s, id, bytes.SplitAfter([]byte(c.said), nil)...); got != c.want {
				t.Errorf("said byte for byte, the server says %q, want %q", got, c.want)
			}
		})
	}
}

func TestASilentConnectionIsPingedAndEnds(t *testing.T) {
	t.Parallel()
	s, _ := connected()
	pings, now := 0, epoch
	for s.Connections() > 0 {
		at, ok := s.Next()
		if !ok || at.Sub(epoch) > time.Hour {
			t.Fatal("a connection that answers nothing stays open")
		}
		now = at
		s.Advance(now)
		for _, chunk := range s.Output() {
			pings += bytes.Count(chunk.Bytes, []byte("PING"))
		}
	}
	if pings != 2 || now.Sub(epoch) != firstPing+2*usualPingInterval {
		t.Errorf("it ended after %d pings and %v", pings, now.Sub(epoch))
	}
}

// FuzzAnyCutSaysTheSame has the server read anything, as a whole and in two pieces.
func FuzzAnyCutSaysTheSame(f *testing.F) {
	f.Add([]byte("CONNECT {\"headers\":true,\"no_responders\":true}\r\nSUB > 1\r\n"+
		"PUB a r 2\r\nhi\r\nHPUB a 12 14\r\n"), 60)
	f.Add([]byte("PUB $JS.API.STREAM.CREATE.S r 12\r\n{\"name\":\"S\"}\r\nPUB S r 1\r\nx\r\nPING\r\n"), 40)
	f.Add([]byte("SUB _.> 1\r\nPUB $JS.API.CONSUMER.CREATE.S _.1 2\r\n{}\r\n"+
		"PUB $JS.ACK.S.D.1.1.1.1.1 4\r\n-NAK\r\n"), 9)
	f.Fuzz(func(t *testing.T, said []byte, at int) {
		at = min(max(at, 0), len(said))
		var whole []*Server
		for range 2 {
			s, _ := connected()
			whole = append(whole, s)
		}
		one := talk(whole[0], 1, said)
		cut := talk(whole[1], 1, said[:at], said[at:])
		if one != cut {
			t.Errorf("as a whole it says %q, cut at %d %q", one, at, cut)
		}
		for range 100 {
			next, ok := whole[0].Next()
			if !ok {
				break
			}
			whole[0].Advance(next)
			whole[0].Output()
		}
	})
}

// busy has a server do many things, and returns all that it has said.
func busy(seed uint64) string {
	s := New(Config{Seed: seed, Lag: 10 * time.Millisecond})
	now := epoch
	id := s.Open(now)
	var heard strings.Builder
	say := func(format string, args ...any) {
		s.Receive(now, id, fmt.Appendf(nil, format, args...))
		for _, chunk := range s.Output() {
			heard.Write(chunk.Bytes)
		}
		now = now.Add(3 * time.Millisecond)
	}
	publish := func(subject, body string) { say("PUB %s r.x %d\r\n%s\r\n", subject, len(body), body) }
	say("%s", hello)
	say("SUB r.> q 1\r\nSUB r.> q 2\r\nSUB r.> q 3\r\n")
	publish("$JS.API.STREAM.CREATE.S", `{"name":"S","subjects":["s.>"]}`)
	publish("$JS.API.CONSUMER.CREATE.S", `{"stream_name":"S","config":{"ack_policy":"explicit","ack_wait":20000000}}`)
	publish("$JS.API.CONSUMER.CREATE.S.D",
		`{"stream_name":"S","config":{"durable_name":"D","ack_policy":"explicit","ack_wait":20000000}}`)
	s.LoseAcks(0.3)
	for i := range 40 {
		publish(fmt.Sprint("s.", i%7), strings.Repeat("x", i))
		publish("$JS.API.CONSUMER.MSG.NEXT.S.D", `{"batch":3,"expires":30000000}`)
		publish(fmt.Sprintf("$JS.ACK.S.D.1.%d.%d.0.0", i, i), "+ACK")
		s.ChangeLeader(now, "S")
	}
	publish("$JS.API.STREAM.INFO.S", `{"subjects_filter":">"}`)
	publish("$JS.API.CONSUMER.LIST.S", "")
	return heard.String()
}

func TestTheSameSeedSaysTheSameBytes(t *testing.T) {
	t.Parallel()
	first := busy(7)
	for range 5 {
		if busy(7) != first {
			t.Fatal("the same calls give other bytes")
		}
	}
	if busy(8) == first {
		t.Error("another seed chooses no other members of queue groups")
	}
}

// A leader that goes takes acknowledgements with it that the others have not heard of. A server that is stopped has
// written them down.
func TestARestartKeepsYoungAcknowledgementsAndAnotherLeaderDoesNot(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		strike func(*Server, time.Time)
		want   string
	}{
		"restart":        {(*Server).Restart, `"num_ack_pending":0`},
		"another leader": {func(s *Server, now time.Time) { s.ChangeLeader(now, "S") }, `"num_ack_pending":1`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := New(Config{Lag: time.Second})
			var heard string
			say := func(id Conn, subject, body string) {
				s.Receive(epoch, id, fmt.Appendf(nil, "PUB %s r.x %d\r\n%s\r\n", subject, len(body), body))
				for _, chunk := range s.Output() {
					heard = string(chunk.Bytes)
				}
			}
			connect := func() Conn {
				id := s.Open(epoch)
				s.Receive(epoch, id, []byte(hello+"SUB r.> 1\r\n"))
				return id
			}
			id := connect()
			say(id, "$JS.API.STREAM.CREATE.S", `{"name":"S","subjects":["s.>"]}`)
			say(id, "$JS.API.CONSUMER.CREATE.S.D",
				`{"stream_name":"S","config":{"durable_name":"D","ack_policy":"explicit"}}`)
			say(id, "s.x", "one")
			say(id, "$JS.API.CONSUMER.MSG.NEXT.S.D", `{"batch":1}`)
			s.Receive(epoch, id, []byte("PUB $JS.ACK.S.D.1.1.1.0.0 4\r\n+ACK\r\n"))
			tt.strike(s, epoch)
			say(connect(), "$JS.API.CONSUMER.INFO.S.D", "")
			if !strings.Contains(heard, tt.want) {
				t.Errorf("%s, want %s", heard, tt.want)
			}
		})
	}
}

// BenchmarkDelivery publishes, delivers and acknowledges a message.
func BenchmarkDelivery(b *testing.B) {
	s, id := connected()
	now := epoch
	say := func(text string) { s.Receive(now, id, []byte(text)) }
	publish := func(subject, body string) string {
		return fmt.Sprintf("PUB %s r.x %d\r\n%s\r\n", subject, len(body), body)
	}
	say(hello + "SUB r.> 1\r\n")
	say(publish("$JS.API.STREAM.CREATE.S", `{"name":"S","subjects":["s.>"],"max_msgs":1000}`))
	say(publish("$JS.API.CONSUMER.CREATE.S.D",
		`{"stream_name":"S","config":{"durable_name":"D","ack_policy":"explicit"}}`))
	pull := []byte(publish("$JS.API.CONSUMER.MSG.NEXT.S.D", `{"batch":100,"expires":30000000000}`))
	message := []byte("PUB s.a 5\r\nhello\r\n")
	var ack []byte
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if n%100 == 0 {
			s.Receive(now, id, pull)
		}
		s.Receive(now, id, message)
		ack = fmt.Appendf(ack[:0], "PUB $JS.ACK.S.D.1.%d.%d.0.0 4\r\n+ACK\r\n", n+1, n+1)
		s.Receive(now, id, ack)
		s.Output()
		now = now.Add(time.Millisecond)
		s.Next()
	}
	if info, _ := s.Consumer("S", "D"); info.AckPending != 0 || info.Delivered == 0 {
		b.Fatalf("the consumer is %+v", info)
	}
}
