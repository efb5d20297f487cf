package sink

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"momento-bridge/pipeline"
)

// This file is HTTP/1.1 as one connection speaks it, with one publish in flight or several: requests back to back, answers in the same order. fasthttp's
// PipelineClient cannot carry several: it copies each request, tells nobody which ones a broken connection has left unanswered, and fails all for one.

// wire writes requests to a buffer. It belongs to one goroutine.
type wire struct {
	cfg  *Config
	key  *Key // The key in tail.
	tail [2][]byte
}

// appendRequest appends a request. Cache and topic are escaped and keys hold no control characters, so nothing in it can end a line.
func (w *wire) appendRequest(dst []byte, r *pipeline.Request, key *Key) []byte {
	if key != w.key {
		w.setKey(key)
	}
	dst = append(dst, "POST "...)
	if w.cfg.forwarder != nil {
		dst = append(dst, w.cfg.Endpoint.base...)
	}
	dst = w.cfg.appendTarget(dst, r, key)
	tail := w.tail[0]
	if r.Text {
		tail = w.tail[1]
	}
	dst = append(dst, tail...)
	dst = strconv.AppendInt(dst, int64(len(r.Payload)), 10)
	dst = append(dst, "\r\n\r\n"...)
	return append(dst, r.Payload...)
}

// setKey makes what follows the target, up to the length of the body, for bytes and for text.
func (w *wire) setKey(key *Key) {
	w.key = key
	for i, text := range [...]bool{false, true} {
		tail := append([]byte(nil), " HTTP/1.1\r\nHost: "...)
		tail = append(tail, strings.TrimPrefix(w.cfg.Endpoint.base, "http://")...)
		tail = append(tail, "\r\nUser-Agent: "+userAgent+"\r\nContent-Type: "...)
		tail = append(tail, contentType(&pipeline.Request{Text: text})...)
		if w.cfg.forwarder != nil {
			tail = append(tail, w.cfg.forwarder.authorizationLine()...)
		}
		if !w.cfg.QueryAuth {
			tail = append(tail, "\r\nAuthorization: "...)
			tail = append(tail, key.raw...)
		}
		w.tail[i] = append(tail, "\r\nContent-Length: "...)
	}
}

// answers reads answers from a connection. It belongs to one goroutine.
type answers struct {
	in   *bufio.Reader
	resp fasthttp.Response
	// usual is the latest 204 that leaves the connection open, byte for byte: what is the same means the same. Servers change it once a second, with
	// the date.
	usual []byte
}

// reply is what was read.
type reply struct {
	answered bool  // There is an answer, in resp unless it is the usual one.
	usual    bool  // A 204, after which the connection stays open.
	last     bool  // Nothing comes after it.
	err      error // Why; nil: the server has said that it closes the connection.
}

// wait blocks until something has come. It returns what ended the connection.
func (a *answers) wait() error {
	_, err := a.in.Peek(1)
	return err
}

// takeUsual reports whether the next answer has come whole and is the usual one, and takes it.
func (a *answers) takeUsual() bool {
	n := len(a.usual)
	if n == 0 || a.in.Buffered() < n {
		return false
	}
	next, _ := a.in.Peek(n)
	if !bytes.Equal(next, a.usual) {
		return false
	}
	_, _ = a.in.Discard(n)
	return true
}

// next reads one answer, whatever it is, interim ones before it aside. It blocks until it has come.
func (a *answers) next() reply {
	if a.takeUsual() {
		return reply{answered: true, usual: true}
	}
	buffered := a.in.Buffered()
	head, _ := a.in.Peek(buffered)
	// Of an interim answer, what follows may still have to come, so that what is left afterwards tells nothing of what was read.
	if end := bytes.Index(head, endOfHead); end >= 0 && bytes.HasPrefix(head, noContent) {
		a.usual = append(a.usual[:0], head[:end+len(endOfHead)]...)
	} else {
		a.usual = a.usual[:0]
	}
	a.resp.Reset()
	err := a.resp.ReadLimitBody(a.in, maxBody)
	if err != nil {
		a.usual = a.usual[:0]
		return reply{answered: err == fasthttp.ErrBodyTooLarge, last: true, err: plain(err)} //nolint:errorlint // As fasthttp returns it.
	}
	if a.resp.StatusCode() == fasthttp.StatusSwitchingProtocols {
		return reply{answered: true, last: true, err: errSwitched}
	}
	last := a.resp.ConnectionClose()
	if a.resp.StatusCode() != fasthttp.StatusNoContent || last || buffered-a.in.Buffered() != len(a.usual) {
		a.usual = a.usual[:0] // Another answer, or it did not come whole.
	}
	return reply{answered: true, last: last}
}

// plain returns why an answer could not be read, without anything of the answer: it may hold the key, and fasthttp quotes what it cannot read.
func plain(err error) error {
	if broken, ok := errors.AsType[*net.OpError](err); ok {
		return broken
	}
	switch {
	case isTimeout(err), err == fasthttp.ErrBodyTooLarge: //nolint:errorlint // As fasthttp returns it.
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
	}
	return errNoHTTP
}

var errNoHTTP = errors.New("what the endpoint answers is not HTTP/1.1: check that it is the right server, and http or https as it wants")

// errSwitched says that what follows an answer is no HTTP/1.1. Nobody has asked for that.
var errSwitched = errors.New("the endpoint switches to another protocol")

var noContent, endOfHead = []byte("HTTP/1.1 204 "), []byte("\r\n\r\n")
