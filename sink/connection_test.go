package sink

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"momento-bridge/pipeline"
	"momento-bridge/sink/key"
)

// peer is a server on loopback that does what a test says.
type peer struct {
	t     *testing.T
	url   string
	conns chan net.Conn
}

func newPeer(t *testing.T, secure *tls.Config) *peer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return servePeer(t, ln, secure)
}

// servePeer is a peer on a listener, which it closes.
func servePeer(t *testing.T, ln net.Listener, secure *tls.Config) *peer {
	t.Helper()
	p := &peer{t: t, url: "http://" + ln.Addr().String(), conns: make(chan net.Conn, 100)}
	if secure != nil {
		ln = tls.NewListener(ln, secure)
		p.url = "https" + strings.TrimPrefix(p.url, "http")
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			if secured, ok := conn.(*tls.Conn); ok {
				go func() { _ = secured.Handshake() }() // The other side waits for it before it sends anything.
			}
			p.conns <- conn
		}
	}()
	return p
}

// selfSigned returns a certificate of loopback and a file with it as an authority.
func selfSigned(t *testing.T) (certificates []tls.Certificate, caFile string) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	server.Close()
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, caFile, certificatePEM(server.Certificate().Raw))
	return server.TLS.Certificates, caFile
}

// peerConn is a connection as the server sees it.
type peerConn struct {
	net.Conn
	t  *testing.T
	in *bufio.Reader
}

// accept returns the next connection.
func (p *peer) accept() *peerConn {
	p.t.Helper()
	select {
	case conn := <-p.conns:
		p.t.Cleanup(func() { conn.Close() })
		_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
		return &peerConn{Conn: conn, t: p.t, in: bufio.NewReader(conn)}
	case <-time.After(20 * time.Second):
		p.t.Fatal("no connection comes")
		return nil
	}
}

// read reads so many requests and returns their bodies.
func (c *peerConn) read(n int) []string {
	c.t.Helper()
	var bodies []string
	for range n {
		r, err := http.ReadRequest(c.in)
		if err != nil {
			c.t.Fatalf("after %d of %d requests: %v", len(bodies), n, err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			c.t.Fatal(err)
		}
		bodies = append(bodies, string(body))
	}
	return bodies
}

// write answers, in one segment.
func (c *peerConn) write(answers ...string) {
	c.t.Helper()
	if _, err := io.WriteString(c, strings.Join(answers, "")); err != nil {
		c.t.Fatal(err)
	}
}

// reset closes with a TCP reset.
func (c *peerConn) reset() {
	_ = c.Conn.(*net.TCPConn).SetLinger(0)
	c.Close()
}

// awaitEnd waits until the other side has closed the connection without another byte.
func (c *peerConn) awaitEnd() {
	c.t.Helper()
	if b, err := c.in.ReadByte(); err == nil {
		c.t.Errorf("%q comes instead of the end of the connection", b)
	} else if isTimeout(err) {
		c.t.Error("the connection is not closed")
	}
}

// outcome is what a publish was answered.
type outcome struct {
	payload string
	pipeline.Answer
}

// testConnection is a connection with somebody who receives on it, and what it has answered.
type testConnection struct {
	t *testing.T
	*connection
	do  chan func() // Between two receives.
	got chan outcome
	end chan struct{}
}

func newTestConnection(t *testing.T, m *Momento, depth int) *testConnection {
	t.Helper()
	l := &testConnection{
		t: t, connection: newConnection(m, depth), do: make(chan func(), 100),
		got: make(chan outcome, 10_000), end: make(chan struct{}),
	}
	go l.receive()
	return l
}

// newPipelined returns a connection of up to 8 publishes at once, and the server that it goes to.
func newPipelined(t *testing.T) (*peer, *testConnection) {
	t.Helper()
	p := newPeer(t, nil)
	return p, newTestConnection(t, newMomento(t, p.url, nil), 8)
}

// receive does what is to be done, and otherwise waits for answers, until do is closed and everything is answered.
func (l *testConnection) receive() {
	defer close(l.end)
	defer l.Close()
	var answers []pipeline.Answered
	for {
		select {
		case f, more := <-l.do:
			if more {
				f()
				continue
			}
			if len(l.awaited)+len(l.over) == 0 {
				return
			}
		default:
		}
		answers = l.Receive(answers[:0])
		for _, a := range answers {
			l.got <- outcome{string(a.Request.Payload), a.Answer}
			*a.Request = pipeline.Request{} // It belongs to the pipeline again.
		}
	}
}

// within calls f where nothing is received meanwhile, and waits for it.
func (l *testConnection) within(f func()) {
	done := make(chan struct{})
	l.do <- func() { f(); close(done) }
	l.Interrupt()
	<-done
}

func (l *testConnection) depth() (n int) {
	l.within(func() { n = l.Depth() })
	return n
}

// send sends one request for each payload, together.
func (l *testConnection) send(payloads ...string) {
	l.sendBy(time.Now().Add(10*time.Second), payloads...)
}

func (l *testConnection) sendBy(deadline time.Time, payloads ...string) {
	var rs []*pipeline.Request
	for _, payload := range payloads {
		rs = append(rs, &pipeline.Request{
			Cache: "c", Topic: "t", Payload: []byte(payload), Start: time.Now(),
			Deadline: deadline,
		})
	}
	l.within(func() { l.Send(rs, false) })
}

// outcomes returns the next n answers.
func (l *testConnection) outcomes(n int) []outcome {
	l.t.Helper()
	var all []outcome
	for range n {
		select {
		case o := <-l.got:
			all = append(all, o)
		case <-time.After(20 * time.Second):
			l.t.Fatalf("only %d of %d publishes are answered: %+v", len(all), n, all)
		}
	}
	return all
}

// expect compares the next answers with what is wanted: payload, verdict, result, and whether it is an echo.
func (l *testConnection) expect(want ...string) []outcome {
	l.t.Helper()
	all := l.outcomes(len(want))
	for i, o := range all {
		got := fmt.Sprintf("%s: %v %v", o.payload, o.Verdict, o.Result)
		if o.Echo {
			got += ", echo"
		}
		if got != want[i] {
			l.t.Errorf("answer %d is %q, want %q (%s)", i, got, want[i], o.Detail)
		}
	}
	return all
}

// close closes the connection and checks that it has answered nothing more.
func (l *testConnection) close() {
	l.t.Helper()
	close(l.do)
	l.Interrupt()
	<-l.end
	if len(l.got) != 0 {
		l.t.Errorf("%d more answers: %+v", len(l.got), <-l.got)
	}
}

const close204 = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"

func TestAnswersAreMatchedInOrder(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	m := newMomento(t, p.url, nil)
	l := newTestConnection(t, m, 8)
	l.send("a", "b", "c")
	l.send("d", "e")
	c := p.accept()
	if got := c.read(5); !slices.Equal(got, []string{"a", "b", "c", "d", "e"}) {
		t.Errorf("the server saw %q", got)
	}
	c.write(ok204, "HTTP/1.1 429 X\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n", ok204, ok204)
	all := l.expect("a: accept 204", "b: slow down 429", "c: accept 204", "d: accept 204")
	if all[1].RetryAfter != 3*time.Second {
		t.Errorf("retry after %v, want 3s", all[1].RetryAfter)
	}
	l.send("f")
	c.read(1)
	c.write("HTTP/1.1 500 X\r\nContent-Length: 4\r\n\r\noops", ok204)
	if all := l.expect("e: retry 5xx", "f: accept 204"); all[0].Detail != "500 oops" {
		t.Errorf("detail %q", all[0].Detail)
	}
	l.close()
	c.awaitEnd()
	if m.Opened() != 1 {
		t.Errorf("%d connections, want 1", m.Opened())
	}
}

func TestAnswersOfEveryFormLeaveTheNextInPlace(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ answer, want string }{
		"no content with headers": {"HTTP/1.1 204 No Content\r\nDate: now\r\nServer: s\r\n\r\n", "a: accept 204"},
		"a success with a body":   {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "a: accept 204"},
		"interim answers first":   {"HTTP/1.1 100 Continue\r\n\r\n" + hints + ok204, "a: accept 204"},
		"a chunked refusal": {
			"HTTP/1.1 429 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
			"a: slow down 429",
		},
		"a body like an answer": {"HTTP/1.1 400 X\r\nContent-Length: 27\r\n\r\n" + ok204, "a: reject 400"},
	} {
		t.Run(name, func(t *testing.T) {
			p, l := newPipelined(t)
			l.send("a", "b", "c")
			c := p.accept()
			c.read(3)
			for i := range tt.answer { // Each byte in a segment of its own.
				c.write(tt.answer[i : i+1])
			}
			c.write(ok204, "HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n")
			l.expect(tt.want, "b: accept 204", "c: halt topic 403")
			l.close()
		})
	}
}

func TestBrokenConnectionLeavesWhatIsUnansweredUnclear(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*peerConn){
		"closed":                  func(c *peerConn) { c.Close() },
		"closed for writing":      func(c *peerConn) { _ = c.Conn.(*net.TCPConn).CloseWrite() },
		"reset":                   func(c *peerConn) { c.reset() },
		"half an answer":          func(c *peerConn) { c.write("HTTP/1.1 204 No"); c.Close() },
		"an interim answer alone": func(c *peerConn) { c.write(hints); c.Close() },
		"not HTTP":                func(c *peerConn) { c.write("SSH-2.0-OpenSSH\r\n\r\n") },
	} {
		t.Run(name, func(t *testing.T) {
			p, l := newPipelined(t)
			l.send("a", "b", "c", "d")
			c := p.accept()
			c.read(4)
			c.write(ok204)
			l.expect("a: accept 204")
			end(c)
			l.expect("b: ambiguous network", "c: ambiguous network, echo", "d: ambiguous network, echo")
			l.send("e")
			c = p.accept()
			if got := c.read(1); got[0] != "e" {
				t.Errorf("%q is sent, want only what is new: the rest may have been accepted", got)
			}
			c.write(ok204)
			l.expect("e: accept 204")
			l.close()
			c.awaitEnd()
		})
	}
}

func TestAfterAnAnnouncedCloseTheRestIsUnsent(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	m := newMomento(t, p.url, nil)
	l := newTestConnection(t, m, 8)
	l.send("a", "b", "c", "d")
	c := p.accept()
	c.read(4)
	c.write(ok204, close204, ok204) // The third is a lie: what follows the announcement is not read.
	l.expect("a: accept 204", "b: accept 204", "c: unsent network", "d: unsent network, echo")
	c.awaitEnd()
	l.send("c", "d")
	c = p.accept()
	c.read(2)
	c.write("HTTP/1.1 503 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	l.expect("c: retry 5xx", "d: unsent network")
	l.close()
}

func TestBodyThatIsTooLargeIsAnAnswerAndTheRestUnclear(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"announced": "HTTP/1.1 400 X\r\nContent-Length: 1073741824\r\n\r\n",
		"in chunks": "HTTP/1.1 400 X\r\nTransfer-Encoding: chunked\r\n\r\n" +
			strings.Repeat("2000\r\n"+strings.Repeat("x", 0x2000)+"\r\n", 9),
	} {
		t.Run(name, func(t *testing.T) {
			p, l := newPipelined(t)
			l.send("a", "b", "c")
			c := p.accept()
			c.read(3)
			c.write(answer)
			l.expect("a: reject 400", "b: ambiguous network", "c: ambiguous network, echo")
			l.close()
		})
	}
}

// Taking what follows for answers would give each publish the answer of the one before it.
func TestSwitchToAnotherProtocolEndsTheConnection(t *testing.T) {
	t.Parallel()
	p, l := newPipelined(t)
	l.send("a", "b", "c")
	c := p.accept()
	c.read(3)
	c.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", ok204, ok204)
	l.expect("a: retry other", "b: ambiguous network", "c: ambiguous network, echo")
	l.close()
}

func TestAnswerThatNobodyAskedForEndsTheConnection(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(*testConnection, *peerConn){
		"together with the last": func(_ *testConnection, c *peerConn) { c.write(ok204, ok204) },
		"later": func(l *testConnection, c *peerConn) {
			c.write(ok204)
			first := l.outcomes(1)
			c.write(ok204)
			l.got <- first[0]
		},
		"other than usual": func(_ *testConnection, c *peerConn) {
			c.write(ok204, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, l := newPipelined(t)
			l.send("a")
			c := p.accept()
			c.read(1)
			write(l, c)
			l.expect("a: accept 204")
			c.awaitEnd()
			l.close()
		})
	}
}

// soonOver is the time of publishes that are to have it in vain: more than a busy machine takes until it stands still.
const soonOver = 5 * time.Second

// The first publish has had its time; of the others nobody knows how long they would have taken.
func TestSilenceIsATimeoutOfTheFirstAndUnclearForTheOthers(t *testing.T) {
	t.Parallel()
	p, l := newPipelined(t)
	end := time.Now().Add(soonOver)
	l.sendBy(end, "a", "b", "c")
	c := p.accept()
	c.read(3)
	c.write(ok204)
	l.expect("a: accept 204", "b: ambiguous timeout", "c: ambiguous network, echo")
	if time.Now().Before(end) {
		t.Error("a publish has timed out before its deadline")
	}
	c.awaitEnd()
	l.close()
}

func TestAnswerThatStopsHalfwayIsATimeout(t *testing.T) {
	t.Parallel()
	for _, half := range []string{"HTTP/1.1 204 No", "HTTP", hints} {
		t.Run(half, func(t *testing.T) {
			t.Parallel()
			p, l := newPipelined(t)
			l.sendBy(time.Now().Add(soonOver), "a", "b")
			c := p.accept()
			c.read(2)
			c.write(half)
			l.expect("a: ambiguous timeout", "b: ambiguous network, echo")
			c.awaitEnd()
			l.close()
		})
	}
}

// The deadline of an idle connection, and of publishes before, is nothing to those that come later.
func TestEachPublishHasItsOwnTime(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	m := newMomento(t, p.url, nil)
	l := newTestConnection(t, m, 8)
	l.sendBy(time.Now().Add(soonOver), "a")
	c := p.accept()
	c.read(1)
	c.write(ok204)
	l.expect("a: accept 204")
	first := time.Now().Add(2 * soonOver)
	l.sendBy(first, "b")
	l.sendBy(first.Add(20*time.Second), "c")
	c.read(2)
	time.Sleep(time.Until(first.Add(100*time.Millisecond - soonOver))) // The deadline of a has passed.
	c.write(ok204)
	l.expect("b: accept 204")
	time.Sleep(time.Until(first.Add(100 * time.Millisecond))) // That of b, too.
	c.write(ok204)
	l.expect("c: accept 204")
	l.close()
	if m.Opened() != 1 {
		t.Errorf("%d connections, want 1", m.Opened())
	}
}

// A server that reads nothing makes the write time out.
func TestWriteThatGetsStuckIsATimeout(t *testing.T) {
	t.Parallel()
	p, l := newPipelined(t)
	l.send("a")
	c := p.accept()
	c.read(1)
	c.write(ok204)
	l.expect("a: accept 204")
	large := strings.Repeat("x", 16<<20)
	l.sendBy(time.Now().Add(3*time.Second), large, "b")
	all := l.outcomes(2)
	if all[0].Verdict != pipeline.Ambiguous || all[0].Result != pipeline.ResultTimeout || all[0].Echo ||
		all[1].Verdict != pipeline.Ambiguous || !all[1].Echo {
		t.Errorf("answers %+v and %+v, want a timeout and its echo", all[0].Answer, all[1].Answer)
	}
	l.close()
	if cap(l.out.copied) > largestOut {
		t.Errorf("%d bytes are kept for the next requests", cap(l.out.copied))
	}
}

// What the server has said of the first is read although the rest could not be written any more.
func TestAnswersBeforeAFailedWriteCount(t *testing.T) {
	t.Parallel()
	p, l := newPipelined(t)
	l.send("a")
	c := p.accept()
	c.read(1)
	large := strings.Repeat("x", 16<<20)
	c.write(ok204)
	l.expect("a: accept 204")
	go func() {
		_, _ = http.ReadRequest(c.in) // The body is never read.
		_, _ = io.WriteString(c, "HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n")
		c.reset()
	}()
	l.send(large, "c")
	all := l.outcomes(2)
	if v := all[0].Verdict; v != pipeline.Reject && v != pipeline.Ambiguous { // The reset may overtake the answer.
		t.Errorf("the first is answered %+v", all[0].Answer)
	}
	if all[1].Verdict != pipeline.Ambiguous || all[1].Result != pipeline.ResultNetwork ||
		all[1].Echo != (all[0].Verdict == pipeline.Ambiguous) {
		t.Errorf("the second is answered %+v after %+v", all[1].Answer, all[0].Answer)
	}
	l.close()
}

// logged is a log whose lines can be counted.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestEndpointThatBreaksEveryConnectionGetsOnePublishAtATime(t *testing.T) {
	t.Parallel()
	for name, last := range map[string]struct{ answers, first string }{
		"rudely":   {"", "a: ambiguous network"},
		"politely": {close204, "a: accept 204"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, nil)
			m := newMomento(t, p.url, nil)
			log := &logged{}
			m.log = slog.New(slog.NewTextHandler(log, nil))
			l := newTestConnection(t, m, 8)
			for range habitAfter + 2 {
				if want := 8; log.String() == "" && l.depth() != want {
					t.Errorf("depth %d without a warning, want %d", l.depth(), want)
				}
				l.send("a", "b", "c")
				c := p.accept()
				c.read(3)
				c.write(last.answers)
				c.Close()
				if all := l.outcomes(3); fmt.Sprintf("a: %v %v", all[0].Verdict, all[0].Result) != last.first {
					t.Errorf("the first is answered %+v, want %s", all[0].Answer, last.first)
				}
			}
			if l.depth() != 1 || newTestConnection(t, m, 8).Depth() != 1 {
				t.Errorf("depth %d, want 1 on every connection", l.depth())
			}
			l.close()
			if got := strings.Count(log.String(), "\n"); got != 1 || !strings.Contains(log.String(), "level=WARN") ||
				!strings.Contains(log.String(), "one publish at a time; set momento.in_flight: 1\" configured=8") {
				t.Errorf("the log is %q, want one warning", log.String())
			}
		})
	}
}

func TestEndpointThatClosesUnannouncedIsToldFromOneThatTakesOneAtATime(t *testing.T) {
	t.Parallel()
	p := newPeer(t, nil)
	m := newMomento(t, p.url, nil)
	log := &logged{}
	m.log = slog.New(slog.NewTextHandler(log, nil))
	l := newTestConnection(t, m, 2)
	for range habitAfter {
		l.send("a", "b")
		c := p.accept()
		c.read(2)
		c.write(ok204)
		c.Close()
		l.outcomes(2)
	}
	l.close()
	const want = "for a while each publish gets a connection of its own; look at the proxy or server on the way"
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, want) ||
		strings.Contains(got, "configured") {
		t.Errorf("the log is %q, want one warning, %q", got, want)
	}
}

func TestEndpointThatBreaksConnectionsNowAndThenIsNotBlamed(t *testing.T) {
	t.Parallel()
	for name, between := range map[string]func(l *testConnection, p *peer){
		"many answers before the end": func(l *testConnection, p *peer) {
			var all []string
			for i := range goodAnswers + 2 {
				all = append(all, fmt.Sprint(i))
			}
			l.send(all...)
			c := p.accept()
			c.read(len(all))
			c.write(strings.Repeat(ok204, goodAnswers))
			c.Close()
			l.outcomes(len(all))
		},
		"one left": func(l *testConnection, p *peer) {
			for range habitAfter {
				l.send("a")
				c := p.accept()
				c.read(1)
				c.Close()
				l.outcomes(1)
			}
		},
		"silence": func(l *testConnection, p *peer) {
			for range habitAfter {
				l.sendBy(time.Now().Add(2*time.Second), "a", "b", "c")
				l.outcomes(3)
				p.accept()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, l := newPipelined(t)
			for range habitAfter - 1 {
				l.send("a", "b", "c")
				c := p.accept()
				c.read(3)
				c.Close()
				l.outcomes(3)
			}
			between(l, p)
			l.close()
			if l.Depth() != 8 {
				t.Errorf("depth %d, want 8", l.Depth())
			}
		})
	}
}

func TestWithoutAConnectionEverythingIsRetried(t *testing.T) {
	t.Parallel()
	m := newMomento(t, "http://"+refusingAddress(t), nil)
	l := newTestConnection(t, m, 8)
	for range habitAfter + 1 {
		l.send("a", "b", "c")
		if all := l.expect("a: retry network", "b: retry network, echo", "c: retry network, echo"); !strings.Contains(
			all[0].Detail, "connect to 127.0.0.1:") {
			t.Errorf("detail %q, want the address in it", all[0].Detail)
		}
	}
	l.close()
	if m.Opened() != 0 || l.Depth() != 8 {
		t.Errorf("%d connections, depth %d, want none and 8", m.Opened(), l.Depth())
	}
}

func TestWhatCannotBeSentHoldsUpNothing(t *testing.T) {
	t.Parallel()
	p, l := newPipelined(t)
	end := time.Now().Add(10 * time.Second)
	l.within(func() {
		l.Send([]*pipeline.Request{
			{Cache: "c", Payload: []byte("no topic"), Start: time.Now(), Deadline: end},
			{Cache: "c", Topic: "t", Payload: []byte("a"), Start: time.Now(), Deadline: end},
			{
				Cache: "c", Topic: "t", Payload: []byte("too late"), Start: time.Now(),
				Deadline: time.Now().Add(-time.Second),
			},
			{Cache: "c", Topic: "t", Payload: []byte("b"), Start: time.Now(), Deadline: end},
		}, false)
	})
	l.expect("no topic: reject other", "too late: retry timeout, echo")
	c := p.accept()
	if got := c.read(2); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("the server saw %q", got)
	}
	c.write(ok204, ok204)
	l.expect("a: accept 204", "b: accept 204")
	l.close()
}

func TestConnectionSpeaksTLS(t *testing.T) {
	t.Parallel()
	certificates, ca := selfSigned(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, &tls.Config{Certificates: certificates, MaxVersion: version})
			m := newMomento(t, p.url, func(c *Config) { c.CAFile = ca })
			l := newTestConnection(t, m, 8)
			l.send("a", "b", strings.Repeat("c", 50_000))
			c := p.accept()
			c.read(3)
			c.write(ok204, "HTTP/1.1 400 X\r\nContent-Length: 0\r\n\r\n", ok204)
			l.outcomes(3)
			l.send("d", "e", "f")
			c.read(3)
			c.write(ok204)
			l.expect("d: accept 204")
			c.Close()
			l.expect("e: ambiguous network", "f: ambiguous network, echo")
			l.sendBy(time.Now().Add(soonOver), "g", "h")
			p.accept().read(2)
			l.expect("g: ambiguous timeout", "h: ambiguous network, echo")
			l.close()
			if m.Opened() != 2 {
				t.Errorf("%d connections, want 2", m.Opened())
			}
		})
	}
	p := newPeer(t, &tls.Config{Certificates: certificates})
	l := newTestConnection(t, newMomento(t, p.url, nil), 8)
	l.send("a", "b")
	if all := l.expect("a: retry network", "b: retry network, echo"); !strings.Contains(all[0].Detail,
		"TLS handshake") {
		t.Errorf("detail %q, want the handshake in it", all[0].Detail)
	}
	l.close()
}

func TestConnectionReadsTheKeyAgainWhenItIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	writeFile(t, path, "old-secret")
	ring, err := key.FromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := watched(t, ring)
	p := newPeer(t, nil)
	l := newTestConnection(t, newMomento(t, p.url, func(c *Config) { c.Keys = ring }), 8)
	l.send("a", "b")
	c := p.accept()
	c.read(2)
	if err := os.WriteFile(path, []byte("new-secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	refusal := "HTTP/1.1 401 X\r\nContent-Length: 22\r\n\r\nno such key old-secret"
	c.write(refusal)
	all := l.expect("a: halt all 401")
	<-changed
	l.send("c")
	c.write(refusal) // Of b, with the old key, while the new one is in use.
	all = append(all, l.expect("b: halt all 401")...)
	for _, o := range all {
		if strings.Contains(o.Detail, "old-secret") {
			t.Errorf("detail %q shows the key", o.Detail)
		}
	}
	r, err := http.ReadRequest(c.in)
	if err != nil || r.Header.Get("Authorization") != "new-secret" {
		t.Errorf("after a refusal %v with the key %q, want the new one", err, r.Header.Get("Authorization"))
	}
	_, _ = io.Copy(io.Discard, r.Body)
	c.write(ok204)
	l.expect("c: accept 204")
	if got := ring.Key().Reveal(); got != "new-secret" {
		t.Errorf("the key is %s", got)
	}
	l.close()
}

func TestOldConnectionCarriesNothingNewAndLosesNothing(t *testing.T) {
	t.Parallel()
	p, l := newPipelined(t)
	l.send("a", "b", "c")
	c := p.accept()
	c.read(3)
	l.within(func() {
		if left := time.Until(l.expires); left < youngest-time.Minute || left > oldest {
			t.Errorf("a new connection is old in %v, want %v to %v", left, youngest, oldest)
		}
		l.expires = time.Now().Add(-time.Second)
	})
	c.write(ok204)
	l.expect("a: accept 204")
	if l.depth() != 0 {
		t.Errorf("an old connection takes %d publishes, want none", l.depth())
	}
	c.write(ok204)
	l.expect("b: accept 204")
	c.write("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n")
	l.expect("c: retry 5xx")
	c.awaitEnd()
	l.send("d")
	c = p.accept()
	c.read(1)
	c.write(ok204)
	l.expect("d: accept 204")
	l.within(func() { l.expires = time.Now().Add(-time.Second) }) // Of one that carries nothing.
	l.send("e")
	c.awaitEnd()
	c = p.accept()
	c.read(1)
	c.write(ok204)
	l.expect("e: accept 204")
	l.close()
}

// A publish that asks for it goes out on a new connection, as another server may then get it, and is not sent before.
func TestPublishThatAsksForANewConnectionGetsOne(t *testing.T) {
	t.Parallel()
	p, l := newPipelined(t)
	l.send("a")
	old := p.accept()
	old.read(1)
	old.write(ok204)
	l.expect("a: accept 204")
	now := time.Now()
	r := &pipeline.Request{
		Cache: "c", Topic: "t", Payload: []byte("b"), Start: now, Deadline: now.Add(10 * time.Second), Reconnect: true,
	}
	if l.TrySend(r) {
		t.Error("it is sent at once, on the old connection")
	}
	l.within(func() { l.Send([]*pipeline.Request{r}, false) })
	old.awaitEnd()
	c := p.accept()
	c.read(1)
	c.write(ok204)
	l.expect("b: accept 204")
	l.send("c")
	c.read(1)
	c.write(ok204)
	l.expect("c: accept 204")
	l.close()
}

// awaitNone waits until there is no connection to send on.
func (l *testConnection) awaitNone() {
	l.t.Helper()
	for end := time.Now().Add(time.Minute); l.open.Load() != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			l.t.Fatal("the connection is still in use")
		}
	}
}

func TestConnectionThatTheServerHasClosedIsReplaced(t *testing.T) {
	t.Parallel()
	p, l := newPipelined(t)
	for range 3 {
		l.send("a", "b")
		c := p.accept()
		c.read(2)
		c.write(ok204, ok204)
		c.Close()
		l.expect("a: accept 204", "b: accept 204")
		l.awaitNone()
	}
	if l.depth() != 8 {
		t.Errorf("depth %d, want 8: everything was answered", l.depth())
	}
	l.close()
}

func TestIdleConnectionIsClosedAfterTheLimit(t *testing.T) {
	t.Parallel()
	p, l := newPipelined(t)
	before := time.Now()
	l.send("a")
	c := p.accept()
	c.read(1)
	c.write(ok204)
	l.expect("a: accept 204")
	c.awaitEnd()
	if after := time.Since(before); after < idleLimit {
		t.Errorf("closed %v after it was used, want %v", after, idleLimit)
	}
	l.close()
}

// A server that does at random what servers do. Whatever it is, each publish is sent once at the most and answered
// once, and the answer is true.
func TestEveryPublishIsSentOnceAndToldTheTruth(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			s := &randomServer{rng: rand.New(rand.NewPCG(seed, 1)), saw: map[string]string{}}
			s.serve(newPeer(t, nil), func(url string) {
				m := newMomento(t, url, nil)
				m.manners.several.until.Store(math.MaxInt64) // It takes no notice: this test decides how many are sent.
				liveConnection(t, newTestConnection(t, m, 8), s, rand.New(rand.NewPCG(seed, 2)))
			})
		})
	}
}

// liveConnection sends 2000 publishes, up to eight at a time, and compares each answer with what the server did.
func liveConnection(t *testing.T, l *testConnection, s *randomServer, rng *rand.Rand) {
	const publishes = 2000
	counts := map[pipeline.Verdict]int{}
	flying, n := 0, 0
	for n < publishes || flying > 0 {
		if room := min(8-flying, publishes-n); room > 0 && (flying == 0 || rng.IntN(2) == 0) {
			var payloads []string
			for range 1 + rng.IntN(room) {
				payloads = append(payloads, fmt.Sprint(n))
				n++
			}
			flying += len(payloads)
			l.send(payloads...)
			continue
		}
		o := l.outcomes(1)[0]
		flying--
		counts[o.Verdict]++
		did := s.did(o.payload)
		switch {
		case o.Verdict == pipeline.Accept && did != "accepted",
			o.Verdict == pipeline.Reject && did != "rejected",
			o.Verdict == pipeline.Unsent && did != "",
			o.Verdict == pipeline.Ambiguous && did == "rejected" && o.Result != pipeline.ResultNetwork:
			t.Errorf("publish %s is answered %+v, the server has %q it", o.payload, o.Answer, did)
		}
	}
	l.close()
	t.Logf("%v", counts)
	if counts[pipeline.Accept] < publishes/2 || counts[pipeline.Reject] == 0 || counts[pipeline.Unsent] == 0 ||
		counts[pipeline.Ambiguous] == 0 {
		t.Errorf("the answers are %v, want some of each", counts)
	}
	if twice := s.twice; len(twice) > 0 {
		t.Errorf("sent twice: %q", twice)
	}
}

// randomServer answers at random and remembers what it did.
type randomServer struct {
	mu    sync.Mutex // Guards the following.
	rng   *rand.Rand
	saw   map[string]string
	twice []string
}

func (s *randomServer) did(payload string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saw[payload]
}

// serve serves connections while run runs.
func (s *randomServer) serve(p *peer, run func(url string)) {
	var serving sync.WaitGroup
	stop := make(chan struct{})
	serving.Go(func() {
		for {
			select {
			case conn := <-p.conns:
				serving.Go(func() { s.connection(conn) })
			case <-stop:
				return
			}
		}
	})
	run(p.url)
	close(stop)
	serving.Wait()
}

// connection answers requests until it is closed. It keeps answers back while it feels like it and more requests have
// come.
func (s *randomServer) connection(conn net.Conn) {
	defer conn.Close()
	in, out := bufio.NewReader(conn), bufio.NewWriter(conn)
	for {
		if in.Buffered() == 0 {
			_ = out.Flush()
		}
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		answer, goOn := s.next(string(body))
		_, _ = out.WriteString(answer)
		if !goOn {
			_ = out.Flush()
			return
		}
	}
}

// next decides what to do with a request.
func (s *randomServer) next(payload string) (answer string, goOn bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.saw[payload] != "" {
		s.twice = append(s.twice, payload)
	}
	s.saw[payload] = "accepted"
	switch n := s.rng.IntN(100); {
	case n < 2:
		return "", false
	case n < 4:
		return "HTTP/1.1 204 N", false
	case n < 8:
		return close204, false
	case n < 16:
		s.saw[payload] = "rejected"
		return "HTTP/1.1 400 X\r\nContent-Length: 27\r\n\r\n" + ok204, true
	case n < 20:
		s.saw[payload] = "rejected"
		return "HTTP/1.1 400 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", true
	case n < 30:
		return hints + ok204, true
	case n < 40:
		return "HTTP/1.1 204 No Content\r\nDate: later\r\n\r\n", true
	}
	return ok204, true
}
