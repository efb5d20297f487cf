package sink

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"momento-bridge/pipeline"
	"momento-bridge/sink/key"
)

// FuzzNothingBetweenAnswersChangesWhatBecomesOfAPublish plays one connection after another as the input says:
// publishes, one or several at a time, their answers in many forms, and between them whatever a server may do. Each
// publish is sent once at the most; what is answered has its own answer, and of what is not nobody says that it was
// accepted or rejected.
//
//	go test -run '^$' -fuzz FuzzNothingBetween -fuzztime 1000000x ./sink
func FuzzNothingBetweenAnswersChangesWhatBecomesOfAPublish(f *testing.F) {
	plain, secure := newStage(f, false), newStage(f, true)
	for first := range byte(40) {
		seed := make([]byte, 48)
		for i := range seed {
			seed[i] = byte(i*i)*7 + first*31
		}
		f.Add(seed, first%2 == 0, first%5 == 0)
	}
	plays := 0
	f.Fuzz(func(t *testing.T, input []byte, several, tls bool) {
		s := plain
		if tls {
			s = secure
			input = input[:min(len(input), 24)] // Handshakes take their time.
		}
		depth := 1
		if several {
			depth = 8
		}
		plays++
		m := s.sinks[plays%len(s.sinks)]
		(&play{t: t, stage: s, momento: m, c: newConnection(m, depth), depth: depth, input: input}).run()
	})
}

// stage is a server with several addresses, and a sink for each: connections that have been closed keep their ports
// for a while, and one address has only so many.
type stage struct {
	sinks []*Momento
	conns chan net.Conn
}

func newStage(f *testing.F, secure bool) *stage {
	f.Helper()
	s := &stage{conns: make(chan net.Conn, 1)}
	cfg := Config{Timeout: 10 * time.Second}
	var certificates []tls.Certificate
	if secure {
		server := httptest.NewTLSServer(nil)
		server.Close()
		cfg.CAFile = filepath.Join(f.TempDir(), "ca.pem")
		if err := os.WriteFile(cfg.CAFile, []byte(certificatePEM(server.Certificate().Raw)), 0o600); err != nil {
			f.Fatal(err)
		}
		certificates = server.TLS.Certificates
	}
	for i := range 32 {
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.%d:0", 1+i))
		if err != nil { // Elsewhere than on Linux there may be one address only.
			break
		}
		url := "http://" + ln.Addr().String()
		if secure {
			ln = tls.NewListener(ln, &tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS13})
			url = strings.Replace(url, "http:", "https:", 1)
		}
		f.Cleanup(func() { ln.Close() })
		go s.serve(ln)
		s.sinks = append(s.sinks, s.sink(f, cfg, url))
	}
	return s
}

// serve accepts connections.
func (s *stage) serve(ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		if secured, ok := conn.(*tls.Conn); ok {
			_ = secured.Handshake()
		}
		s.conns <- conn
	}
}

func (s *stage) sink(f *testing.F, cfg Config, url string) *Momento {
	f.Helper()
	k, err := key.Parse("key")
	if err != nil {
		f.Fatal(err)
	}
	cfg.Keys = key.Fixed(k)
	if cfg.Endpoint, err = ParseEndpoint(url); err != nil {
		f.Fatal(err)
	}
	m, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		f.Fatal(err)
	}
	if cfg.CAFile != "" {
		m.dialer.tls.ServerName = "127.0.0.1" // As the certificate has it.
	}
	return m
}

// answersOfEveryKind are answers, each with what it means.
var answersOfEveryKind = []struct {
	text    string
	verdict pipeline.Verdict
	last    bool // Nothing comes after it on its connection.
}{
	{ok204, pipeline.Accept, false},
	{"HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n", pipeline.Accept, false},
	{hints + ok204, pipeline.Accept, false},
	{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", pipeline.Accept, false},
	{"HTTP/1.1 400 X\r\nContent-Length: 27\r\n\r\n" + ok204, pipeline.Reject, false},
	{"HTTP/1.1 429 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", pipeline.SlowDown, false},
	{"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", pipeline.Retry, false},
	{close204, pipeline.Accept, true},
	{"HTTP/1.1 204 X\r\nContent-Length: 2\r\n\r\n", pipeline.Accept, true},
	{"HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n", pipeline.Accept, true},
	{"HTTP/1.0 403 X\r\nContent-Length: 0\r\n\r\n", pipeline.HaltTopic, true},
	{"HTTP/1.1 204 X\r\nX: " + strings.Repeat("x", 9000) + "\r\n\r\n", pipeline.Accept, false},
}

// play is one execution. The server's part and the sink's take turns, so that what happens is certain.
type play struct {
	t       *testing.T
	stage   *stage
	momento *Momento
	c       *connection
	depth   int
	input   []byte
	sent    int // The number of the next publish.

	server net.Conn // The connection in use; nil: the next publish makes one.
	in     *bufio.Reader
	ended  bool // Something has happened to it after which nothing may be sent on it.
}

// draw returns the next number of the input, below n; 0 at its end.
func (p *play) draw(n int) int {
	if len(p.input) == 0 {
		return 0
	}
	v := int(p.input[0]) % n
	p.input = p.input[1:]
	return v
}

func (p *play) run() {
	for len(p.input) > 0 && !p.t.Failed() {
		if p.draw(3) > 0 {
			p.disturb()
		}
		p.publish()
	}
	p.c.Close()
	if p.server != nil {
		p.server.Close()
	}
}

// disturb does something to the connection while nothing is awaited on it. Somebody watches meanwhile, or it is only
// looked at before the next publish.
func (p *play) disturb() {
	if p.server == nil || p.ended {
		return
	}
	if p.draw(2) == 0 {
		p.befall()
		return
	}
	got := p.watch()
	if p.befall(); p.ended {
		for end := time.Now().Add(time.Minute); p.c.open.Load() != nil; time.Sleep(10 * time.Microsecond) {
			if p.c.TrySend(p.request()) || time.Now().After(end) {
				p.t.Fatal("a connection that has ended is still in use")
			}
		}
	}
	p.c.Interrupt()
	if got := <-got; len(got) > 0 {
		p.t.Fatalf("an answer to nothing: %+v", got)
	}
}

// watch receives aside.
func (p *play) watch() <-chan []pipeline.Answered {
	got := make(chan []pipeline.Answered, 1)
	go func() { got <- p.c.Receive(nil) }()
	return got
}

// befall is what a server may do.
func (p *play) befall() {
	raw := p.server
	if secured, ok := raw.(*tls.Conn); ok {
		raw = secured.NetConn()
	}
	p.ended = true
	switch p.draw(8) {
	case 0:
		p.server.Close()
	case 1:
		_ = p.server.(interface{ CloseWrite() error }).CloseWrite()
	case 2:
		_ = raw.(*net.TCPConn).SetLinger(0)
		raw.Close()
	case 3:
		p.throw([]byte{byte(p.draw(256))})
	case 4:
		p.throw([]byte("HTTP/1.1 204 No Con"))
	case 5, 6:
		p.throw([]byte(answersOfEveryKind[p.draw(len(answersOfEveryKind))].text))
	case 7:
		n := p.draw(8)
		n = min(n, len(p.input))
		if p.ended = n > 0; p.ended {
			p.throw(append([]byte(nil), p.input[:n]...))
		}
	}
}

// throw writes what may be too much for a sink that closes the connection at its first byte.
func (p *play) throw(b []byte) { _, _ = p.server.Write(b) }

func (p *play) request() *pipeline.Request {
	now := time.Now()
	return &pipeline.Request{
		Cache: "c", Topic: "t", Payload: fmt.Append(nil, p.sent), Start: now,
		Deadline: now.Add(5 * time.Second),
	}
}

func (p *play) write(b []byte) {
	if _, err := p.server.Write(b); err != nil {
		p.t.Fatalf("%q: %v", b, err)
	}
}

// publish sends as many publishes as may be in flight, or fewer, and lets the server answer some of them.
func (p *play) publish() {
	habits := &p.momento.manners
	habits.several.seen.Store(0) // None is learned.
	habits.second.seen.Store(0)
	var rs []*pipeline.Request
	for range 1 + p.draw(p.depth) {
		rs = append(rs, p.request())
		p.sent++
	}
	if p.server != nil && !p.ended && len(rs) == 1 && p.draw(2) == 0 {
		p.answer(rs, p.try(rs[0]))
		return
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		p.c.Send(rs, false)
		if p.c.tcp != nil {
			p.c.tcp.flush()
		}
	}()
	if p.server == nil || p.ended {
		select {
		case conn := <-p.stage.conns:
			p.accept(conn)
		case <-time.After(5 * time.Second):
			p.t.Fatal("it is sent on a connection that has ended")
		}
	}
	<-sent
	p.answer(rs, nil)
}

// try sends while somebody watches, and returns what that one receives.
func (p *play) try(r *pipeline.Request) <-chan []pipeline.Answered {
	got := p.watch()
	for end := time.Now().Add(time.Minute); !p.c.TrySend(r); time.Sleep(10 * time.Microsecond) {
		if time.Now().After(end) {
			p.t.Fatal("nothing can be sent on an idle connection")
		}
	}
	return got
}

func (p *play) accept(conn net.Conn) {
	if p.server != nil {
		p.server.Close()
	}
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	p.server, p.in, p.ended = conn, bufio.NewReader(conn), false
}

// answer reads the requests, answers some, and compares with what the sink says of each.
func (p *play) answer(rs []*pipeline.Request, watched <-chan []pipeline.Answered) {
	for _, r := range rs {
		got, err := http.ReadRequest(p.in)
		if err != nil {
			p.t.Fatalf("publish %s does not arrive: %v", r.Payload, err)
		}
		body, err := io.ReadAll(got.Body)
		if err != nil || !bytes.Equal(body, r.Payload) {
			p.t.Fatalf("%q arrives, want %q: %v", body, r.Payload, err)
		}
	}
	want := map[*pipeline.Request]pipeline.Verdict{}
	polite := false
	var out []byte
	for _, r := range rs {
		if p.ended || p.draw(16) == 15 { // It ends the connection instead of answering.
			if !p.ended {
				out = append(out, "HTTP/1.1 204 No"[:p.draw(16)]...)
			}
			p.ended = true
			continue
		}
		a := answersOfEveryKind[p.draw(len(answersOfEveryKind))]
		out = append(out, a.text...)
		want[r] = a.verdict
		p.ended, polite = a.last, a.last
	}
	if len(out) > 0 {
		p.write(out)
	}
	if p.ended {
		p.server.Close()
	}
	var got []pipeline.Answered
	if watched != nil {
		got = <-watched
	}
	for len(got) < len(rs) {
		got = p.c.Receive(got)
	}
	for i, a := range got {
		verdict, answered := want[a.Request]
		switch {
		case answered && a.Answer.Verdict != verdict:
			p.t.Errorf("publish %s is %v, the server answered %v (%+v)", a.Request.Payload, a.Answer.Verdict,
				verdict, a.Answer)
		case !answered && a.Answer.Verdict != pipeline.Ambiguous && (!polite || a.Answer.Verdict != pipeline.Unsent):
			p.t.Errorf(
				"publish %s is %v, the server did not answer it (%+v)", a.Request.Payload, a.Answer.Verdict, a.Answer)
		case a.Request != rs[i]:
			p.t.Errorf("answer %d is to %s", i, a.Request.Payload)
		}
	}
}
