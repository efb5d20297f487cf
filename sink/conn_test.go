package sink

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"momento-bridge/pipeline"
)

// publishes lets a publisher publish in turn while a test plays the server.
func publishes(t *testing.T, m *Momento, payloads ...string) <-chan pipeline.Answer {
	t.Helper()
	answers := make(chan pipeline.Answer, len(payloads))
	done := make(chan struct{})
	go func() {
		defer close(done)
		p := m.Publisher()
		defer p.Close()
		for _, payload := range payloads {
			r := request("t", []byte(payload))
			r.Deadline = time.Now().Add(10 * time.Second)
			answers <- p.Publish(r)
		}
	}()
	t.Cleanup(func() { <-done })
	return answers
}

func expectAnswer(t *testing.T, answers <-chan pipeline.Answer, verdict pipeline.Verdict) {
	t.Helper()
	select {
	case a := <-answers:
		if a.Verdict != verdict {
			t.Errorf("answer %+v, want %v", a, verdict)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("no answer")
	}
}

func TestRequestAndAnswerMayTakeSeveralSegments(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	m := newMomento(t, p.url, nil)
	large := strings.Repeat("x", 4<<20) // More than fits in the buffers of a connection.
	answers := publishes(t, m, "a", large, "b", "c")
	c := p.accept()
	for i, want := range []string{"a", large, "b", "c"} {
		if got := c.read(1)[0]; got != want {
			t.Fatalf("request %d arrives with %d bytes, want %d", i, len(got), len(want))
		}
		answer := "HTTP/1.1 400 X\r\nContent-Length: 12000\r\n\r\n" + strings.Repeat("y", 12_000)
		for _, part := range []string{answer[:1], answer[1:30], answer[30:100], answer[100:9000], answer[9000:]} {
			c.write(part)
		}
		expectAnswer(t, answers, pipeline.Reject)
	}
	if m.Opened() != 1 {
		t.Errorf("%d connections, want 1", m.Opened())
	}
}

func TestPublisherSpeaksTLS(t *testing.T) {
	t.Parallel()
	certificates, ca := selfSigned(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			p := newPeer(t, &tls.Config{Certificates: certificates, MaxVersion: version})
			m := newMomento(t, p.url, func(c *Config) { c.CAFile = ca })
			large := strings.Repeat("x", 200_000)
			answers := publishes(t, m, "a", large, "b", "c")
			c := p.accept()
			for _, want := range []string{"a", large, "b"} {
				if got := c.read(1)[0]; got != want {
					t.Fatalf("%d bytes arrive, want %d", len(got), len(want))
				}
				for _, b := range []byte(ok204) { // Each byte in a record of its own.
					c.write(string(b))
				}
				expectAnswer(t, answers, pipeline.Accept)
			}
			c.read(1)
			c.Close()
			expectAnswer(t, answers, pipeline.Ambiguous)
			if m.Opened() != 1 {
				t.Errorf("%d connections, want 1", m.Opened())
			}
		})
	}
}

// FuzzDeadlinesAreNeverEarlyAndHardlyLate makes attempts at moments and with timeouts of the input.
func FuzzDeadlinesAreNeverEarlyAndHardlyLate(f *testing.F) {
	f.Add([]byte{1, 100, 1, 100, 1, 100})
	f.Add([]byte{0, 255, 200, 10, 0, 9, 0, 255})
	f.Add([]byte{3, 64, 3, 64, 3, 65, 0, 63, 255, 0})
	f.Fuzz(func(t *testing.T, input []byte) {
		var set time.Time
		now := time.Now()
		for ; len(input) > 1; input = input[2:] {
			now = now.Add(time.Duration(input[0]) * 10 * time.Millisecond)
			timeout := time.Duration(input[1]) * 100 * time.Millisecond
			end := now.Add(timeout)
			set = lateDeadline(set, now, end)
			if late := set.Sub(end); late < 0 || late > timeout/64 {
				t.Fatalf("an attempt of %v may last %v longer", timeout, late)
			}
		}
	})
}

// The deadline that was set for the first attempt serves the others as long as it is late enough.
func TestDeadlineIsSetOnceForManyAttempts(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	tcp, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	c := newConn(tcp.(*net.TCPConn), time.Time{})
	set := map[time.Time]bool{}
	now := time.Now()
	for range 1000 {
		c.await(now, now.Add(5*time.Second))
		set[c.deadline] = true
		now = now.Add(time.Millisecond)
	}
	if len(set) > 15 { // A second of attempts, and 78 ms of slack.
		t.Errorf("the deadline was set %d times", len(set))
	}
}

func TestLateWritesWaitForTheNextRead(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	tcp, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	c := newConn(tcp.(*net.TCPConn), time.Time{})
	server := p.accept()
	for i := range 3 {
		c.await(time.Now(), time.Now().Add(10*time.Second))
		c.late = true
		for _, word := range []string{"one ", "two ", fmt.Sprintln(i)} {
			if n, err := c.Write([]byte(word)); n != len(word) || err != nil {
				t.Fatalf("Write = %d, %v", n, err)
			}
		}
		_ = server.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		if b, err := server.in.ReadByte(); !isTimeout(err) {
			t.Errorf("%q, %v arrives before the read", b, err)
		}
		_ = server.SetReadDeadline(time.Now().Add(10 * time.Second))
		arrived := make(chan string, 1)
		go func() {
			line, _ := server.in.ReadString('\n')
			arrived <- line
			_, _ = io.WriteString(server, "answer")
		}()
		got := make([]byte, 10)
		n, err := c.Read(got)
		if err != nil || string(got[:n]) != "answer" {
			t.Errorf("Read = %q, %v", got[:n], err)
		}
		if line := <-arrived; line != fmt.Sprintf("one two %d\n", i) {
			t.Errorf("%q arrives", line)
		}
	}
	_, _ = c.Write([]byte("farewell"))
	c.Close()
	farewell := make([]byte, 20)
	if n, err := server.in.Read(farewell); err != nil || string(farewell[:n]) != "farewell" {
		t.Errorf("%q, %v arrives at the end", farewell[:n], err)
	}
}
