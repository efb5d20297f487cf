package rig

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"momento-bridge/test/lab"
)

// Endpoint answers every request with 204, and counts. It allocates nothing for a request: what a test counts is its
// own. It understands just what our clients send: a head of less than endpointBuffer bytes with a Content-Length.
type Endpoint struct {
	URL    string
	CAFile string // Signs its certificate; empty for plain HTTP.

	requests atomic.Int64
	mu       sync.Mutex // Guards the following.
	open     map[net.Conn]bool
	closed   bool
	serving  sync.WaitGroup
}

// Listen starts an endpoint on loopback, which ends with the test.
func Listen(tb testing.TB) *Endpoint {
	tb.Helper()
	ln := listen(tb)
	e := &Endpoint{URL: "http://" + ln.Addr().String()}
	e.Serve(tb, ln)
	return e
}

// ListenTLS is Listen with TLS.
func ListenTLS(tb testing.TB) *Endpoint {
	tb.Helper()
	ln := listen(tb)
	pair, err := lab.NewCertificate(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	config, err := pair.Config(tls.VersionTLS12)
	if err != nil {
		tb.Fatal(err)
	}
	e := &Endpoint{URL: "https://" + ln.Addr().String(), CAFile: pair.File}
	e.Serve(tb, tls.NewListener(ln, config))
	return e
}

func listen(tb testing.TB) net.Listener {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return ln
}

// Serve answers on ln, too, until the test ends.
func (e *Endpoint) Serve(tb testing.TB, ln net.Listener) {
	tb.Helper()
	e.serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			e.serving.Go(func() { e.answer(conn) })
		}
	})
	tb.Cleanup(func() {
		ln.Close()
		e.mu.Lock()
		e.closed = true
		for conn := range e.open {
			_ = conn.Close()
		}
		e.mu.Unlock()
		e.serving.Wait()
	})
}

// Requests is how many were answered.
func (e *Endpoint) Requests() int { return int(e.requests.Load()) }

// add notes a connection, unless the endpoint has ended.
func (e *Endpoint) add(conn net.Conn) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	if e.open == nil {
		e.open = map[net.Conn]bool{}
	}
	e.open[conn] = true
	return true
}

func (e *Endpoint) remove(conn net.Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.open, conn)
}

const endpointBuffer = 16 << 10

var (
	noContent     = []byte("HTTP/1.1 204 No Content\r\n\r\n")
	endOfHead     = []byte("\r\n\r\n")
	contentLength = []byte("\r\nContent-Length: ")
)

// answer answers what comes on one connection. Answers to requests that came together leave together.
func (e *Endpoint) answer(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	if !e.add(conn) {
		return
	}
	defer e.remove(conn)
	in, out := bufio.NewReaderSize(conn, endpointBuffer), bufio.NewWriterSize(conn, endpointBuffer)
	for {
		if in.Buffered() == 0 && out.Flush() != nil {
			return
		}
		if !skipRequest(in) {
			return
		}
		e.requests.Add(1)
		if _, err := out.Write(noContent); err != nil {
			return
		}
	}
}

// skipRequest reads a request. It returns false at the end of the connection, and for what it does not understand.
func skipRequest(in *bufio.Reader) bool {
	for want := 1; ; {
		if _, err := in.Peek(want); err != nil {
			return false
		}
		head, _ := in.Peek(in.Buffered())
		end := bytes.Index(head, endOfHead)
		if end < 0 {
			want = len(head) + 1
			continue
		}
		at := bytes.Index(head[:end], contentLength)
		if at < 0 {
			return false
		}
		body := 0
		for _, c := range head[at+len(contentLength) : end] {
			if c < '0' || c > '9' {
				break
			}
			body = 10*body + int(c-'0')
		}
		_, err := in.Discard(end + len(endOfHead) + body)
		return err == nil
	}
}
