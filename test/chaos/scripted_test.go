package chaos

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// scripted is an endpoint that reads whole requests and otherwise does, byte for byte, what its script does with each
// connection.
type scripted struct {
	t   *testing.T
	url string
	ca  string // The file with its certificate; empty: plain HTTP.
	// well is for scripts that misbehave only until then.
	well   atomic.Bool
	script func(*peer)

	mu       sync.Mutex // Guards the following.
	peers    int
	requests []*request // As they came.
	injected injections
}

// request is one publish as the endpoint has read it.
type request struct {
	publish
	peer int // The number of its connection.
	at   time.Time
	// What it was answered, from the moment that the answer was about to be written; 0: nothing.
	status   int
	accepted bool
}

// injections are what became of connections on which the endpoint did something that no request had asked for.
type injections struct {
	count   int
	strays  []string      // What was sent on them later than any request that was on its way.
	raced   []string      // What may have been on its way, and what came after such a request,
	races   int           // and how many connections had any.
	slowest time.Duration // Until the daemon closed one.
	kept    int           // Those that it did not close.
}

// startScripted starts an endpoint, with TLS 1.3 and session tickets if it is to be secure.
func startScripted(t *testing.T, secure bool, script func(*peer)) *scripted {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	s := &scripted{t: t, url: "http://" + ln.Addr().String(), script: script}
	var config *tls.Config
	if secure {
		s.url, s.ca, config = serverConfig(t, ln)
	}
	go s.accept(ln, config)
	return s
}

// serverConfig has TLS 1.3 and session tickets. What is written together is one record.
func serverConfig(t *testing.T, ln net.Listener) (url, ca string, config *tls.Config) {
	t.Helper()
	dir, err := rig.Scratch("certificate")
	must(t, err)
	certificate, err := lab.NewCertificate(dir)
	must(t, err)
	config, err = certificate.Config(tls.VersionTLS13)
	must(t, err)
	config.DynamicRecordSizingDisabled = true
	return "https://" + ln.Addr().String(), certificate.File, config
}

func (s *scripted) accept(ln net.Listener, config *tls.Config) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		p := &peer{Conn: conn, tcp: conn.(*net.TCPConn), s: s}
		if config != nil {
			p.Conn = tls.Server(conn, config)
		}
		p.in = bufio.NewReader(p.Conn)
		s.mu.Lock()
		p.number, s.peers = s.peers, s.peers+1
		s.mu.Unlock()
		go p.serve()
	}
}

// serve follows the script. The handshake comes before it, as a read that times out within one breaks the connection.
func (p *peer) serve() {
	defer p.Close()
	if secure, ok := p.Conn.(*tls.Conn); ok && secure.Handshake() != nil {
		return
	}
	p.s.script(p)
}

// seen returns copies of the requests so far.
func (s *scripted) seen() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]request, len(s.requests))
	for i, r := range s.requests {
		all[i] = *r
	}
	return all
}

// of returns the requests with a payload.
func (s *scripted) of(payload string) []request {
	return slices.DeleteFunc(s.seen(), func(r request) bool { return r.payload != payload })
}

// byPayload returns how often each message was received, and how often it was accepted.
func (s *scripted) byPayload() (received, accepted map[string]int) {
	received, accepted = map[string]int{}, map[string]int{}
	for _, r := range s.seen() {
		received[r.payload]++
		if r.accepted {
			accepted[r.payload]++
		}
	}
	return received, accepted
}

// peer is one connection to the daemon.
type peer struct {
	net.Conn
	tcp    *net.TCPConn // Below TLS.
	s      *scripted
	number int
	in     *bufio.Reader
}

// read reads a whole request.
func (p *peer) read() (*request, error) {
	what, err := readPublish(p.in)
	return &request{publish: what, peer: p.number, at: time.Now()}, err
}

// next reads and notes a request; nil: the connection has ended.
func (p *peer) next() *request {
	r, err := p.read()
	if err != nil {
		return nil
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.s.requests = append(p.s.requests, r)
	return r
}

// quiet waits until something comes, the connection ends, or time is over; it reports whether it was the latter.
func (p *peer) quiet(within time.Duration) bool {
	_ = p.SetReadDeadline(time.Now().Add(within))
	_, err := p.in.Peek(1)
	_ = p.SetReadDeadline(time.Time{})
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// say writes bytes as they are. It reports whether they have left.
func (p *peer) say(text string) bool {
	_, err := io.WriteString(p.Conn, text)
	return err == nil
}

// accept answers a request that is accepted with bytes that begin with a status line.
func (p *peer) accept(r *request, text string) bool { return p.answer(r, text, true) }

// refuse answers a request that is not accepted, whatever the status line says.
func (p *peer) refuse(r *request, text string) bool { return p.answer(r, text, false) }

func (p *peer) answer(r *request, text string, accepted bool) bool {
	p.decide(r, text, accepted)
	return p.say(text)
}

// decide notes what a request is about to be answered.
func (p *peer) decide(r *request, text string, accepted bool) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	r.accepted = accepted
	_, _ = fmt.Sscanf(text, "HTTP/1.1 %d", &r.status)
}

// close ends the connection.
func (p *peer) close() {
	_ = p.Close()
	p.s.befallen()
}

// reset breaks the connection with a TCP reset.
func (p *peer) reset() {
	_ = p.tcp.SetLinger(0)
	_ = p.tcp.Close()
	p.s.befallen()
}

// befallen counts a connection that something has befallen.
func (s *scripted) befallen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.injected.count++
}

// halfClose tells the daemon that nothing more will come, and goes on reading.
func (p *peer) halfClose() {
	if secure, ok := p.Conn.(*tls.Conn); ok {
		_ = secure.CloseWrite()
	}
	_ = p.tcp.CloseWrite()
}

const (
	// underWay is how long after an injection a request may come that was sent before the daemon could see it, on a
	// busy machine.
	underWay = 300 * time.Millisecond
	// openFor is how long a connection may stay open after an injection.
	openFor = 20 * time.Second
)

// watch is called after something was done on the connection that no request had asked for, or an end was put to it.
// It reads on until the daemon closes the connection, and notes what is still sent on it. What comes within a time may
// have been on its way: then the daemon may have taken what was done for its answer, and goes on.
func (p *peer) watch(mayRace time.Duration) {
	p.s.befallen()
	began := time.Now()
	_ = p.SetReadDeadline(began.Add(openFor))
	var strays, raced []string
	var err error
	for {
		var r *request
		if r, err = p.read(); err != nil {
			break
		}
		after := r.at.Sub(began)
		if after < mayRace || len(raced) > 0 {
			raced = append(raced, r.payload)
			continue
		}
		strays = append(strays, fmt.Sprintf("%s, %v after it", r.payload, after.Round(time.Millisecond)))
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	i := &p.s.injected
	i.strays, i.raced = append(i.strays, strays...), append(i.raced, raced...)
	switch {
	case len(raced) > 0:
		i.races++
	case errors.Is(err, os.ErrDeadlineExceeded):
		i.kept++
	default:
		i.slowest = max(i.slowest, time.Since(began))
	}
}

// accepting is the script of an endpoint that is well.
func accepting(p *peer) {
	for r := p.next(); r != nil && p.accept(r, noContent); r = p.next() {
	}
}

const noContent = "HTTP/1.1 204 No Content\r\n\r\n"

// reply returns an answer with a body. Further header fields end with \r\n each.
func reply(status int, fields, body string) string {
	const form = "HTTP/1.1 %d %s\r\n%sContent-Length: %d\r\n\r\n%s"
	return fmt.Sprintf(form, status, http.StatusText(status), fields, len(body), body)
}

// jsonReply is an answer as Momento gives them.
func jsonReply(status int, message string) string {
	return reply(status, "Content-Type: application/json\r\n", fmt.Sprintf(`{"message":%q}`, message))
}

// htmlReply is an answer as proxies give them.
func htmlReply(status int, heading string) string {
	page := "<html>\r\n<head><title>" + heading + "</title></head>\r\n" +
		"<body><h1>" + heading + "</h1></body>\r\n</html>\r\n"
	return reply(status, "Server: proxy\r\nContent-Type: text/html; charset=utf-8\r\n", page)
}
