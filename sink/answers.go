package sink

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"
)

const (
	// ioBuffer holds a request with a 4 KB payload, so that it leaves in one system call, and any usual answer.
	ioBuffer = 8 << 10
	// maxHead bounds an answer's head, and maxBody its body.
	maxHead, maxBody = 64 << 10, 64 << 10
	// maxInterim is how many interim answers may come before one.
	maxInterim = 16
	// bodyTime is how long the body of an answer may take to come. The status says what became of the publish.
	bodyTime = time.Second
)

// answers reads answers from a connection. It belongs to one goroutine.
type answers struct {
	in    *bufio.Reader
	hurry func() // Called when the body of an answer is to be read, which must not take long; nil: it may.
	// usual is the latest 204 that leaves the connection open, byte for byte: what is the same means the same. Servers
	// change it once a second, with the date.
	usual []byte
	// resp is the latest answer that was not the usual one: its head, and of its body as much as could be read.
	resp fasthttp.Response
}

// reply is what was read.
type reply struct {
	answered bool  // There is an answer, in resp unless it is the usual one.
	usual    bool  // A 204, after which the connection stays open.
	last     bool  // Nothing comes after it.
	err      error // Why; nil: the server has said that it closes the connection.
}

// reset begins with a new connection.
func (a *answers) reset(from io.Reader) {
	if a.in == nil || a.in.Size() != ioBuffer {
		a.in = bufio.NewReaderSize(from, ioBuffer)
		return
	}
	a.in.Reset(from)
}

// wait blocks until something has come. It returns what ended the wait.
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

// next reads one answer, whatever it is, interim ones before it aside. It blocks until it has come. The status line
// decides: whatever is wrong with what comes after it only ends the connection.
func (a *answers) next() reply {
	if a.takeUsual() {
		return reply{answered: true, usual: true}
	}
	buffered := a.in.Buffered()
	head, _ := a.in.Peek(buffered)
	// Of an interim answer, what follows may still have to come, so that what is left afterwards tells nothing of
	// what was read.
	if end := bytes.Index(head, endOfHead); end >= 0 && bytes.HasPrefix(head, noContent) {
		a.usual = append(a.usual[:0], head[:end+len(endOfHead)]...)
	} else {
		a.usual = a.usual[:0]
	}
	said := a.read()
	if said.last || a.resp.StatusCode() != fasthttp.StatusNoContent || buffered-a.in.Buffered() != len(a.usual) {
		a.usual = a.usual[:0] // Another answer, or it did not come whole.
	}
	return said
}

// read reads one answer into resp.
func (a *answers) read() reply {
	a.resp.Reset()
	if err := a.head(); err != nil {
		return reply{answered: a.salvage(), last: true, err: plain(err)}
	}
	switch a.resp.StatusCode() {
	case fasthttp.StatusSwitchingProtocols:
		return reply{answered: true, last: true, err: errSwitched}
	case fasthttp.StatusNoContent:
		closes := a.resp.ConnectionClose()
		if !closes && a.bodyAnnounced() { // Something may come that is no answer.
			return reply{answered: true, last: true, err: errBodyOf204}
		}
		return reply{answered: true, last: closes}
	}
	if err := a.body(); isTimeout(err) {
		return reply{answered: true, last: true, err: errSlowBody}
	} else if err != nil {
		return reply{answered: true, last: true, err: plain(err)}
	}
	return reply{answered: true, last: a.resp.ConnectionClose()}
}

// head reads the head of an answer, interim ones before it aside.
func (a *answers) head() error {
	for range maxInterim {
		// fasthttp takes that for 200.
		if start, _ := a.in.Peek(len(noStatus)); bytes.HasSuffix(start, noStatus[len(noStatus)-4:]) {
			return errNoHTTP
		}
		if head, _ := a.in.Peek(a.in.Buffered()); a.hurry != nil && !bytes.Contains(head, endOfHead) {
			a.hurry()
		}
		err := a.resp.Header.Read(a.in)
		//nolint:errorlint // As fasthttp returns it.
		if _, small := err.(*fasthttp.ErrSmallBuffer); small && a.in.Size() < maxHead {
			a.in = bufio.NewReaderSize(a.in, maxHead) // Until the connection ends.
			err = a.resp.Header.Read(a.in)
		}
		status := a.resp.StatusCode()
		if err != nil || status >= 200 || status == fasthttp.StatusSwitchingProtocols {
			return err
		}
	}
	return errInterim
}

// salvage reads the status of an answer whose head is broken, too long or not there whole. It reports whether there
// is one.
func (a *answers) salvage() bool {
	head, _ := a.in.Peek(a.in.Buffered())
	line, _, whole := bytes.Cut(head, []byte("\n"))
	a.resp.Reset()
	version, rest, _ := bytes.Cut(line, []byte(" "))
	if !whole || len(rest) < 3 || len(rest) > 3 && rest[3] != ' ' && rest[3] != '\r' || !isHTTP1(version) {
		return false
	}
	status, err := strconv.Atoi(string(rest[:3]))
	// Such a success needs evidence.
	if err != nil || status < 200 || status < 300 && status != fasthttp.StatusNoContent {
		return false
	}
	a.resp.SetStatusCode(status)
	return true
}

func isHTTP1(version []byte) bool {
	return bytes.Equal(version, []byte("HTTP/1.1")) || bytes.Equal(version, []byte("HTTP/1.0"))
}

// bodyAnnounced reports whether a 204 says that a body follows, against the rules: servers differ in whether it does.
func (a *answers) bodyAnnounced() bool {
	h := &a.resp.Header
	length := h.Peek(fasthttp.HeaderContentLength)
	return len(h.Peek(fasthttp.HeaderTransferEncoding)) > 0 || len(length) > 0 && !bytes.Equal(length, []byte("0"))
}

// body reads the body of an answer. After an error there is as much of it as could be read, or nothing.
func (a *answers) body() error {
	if a.hurry != nil {
		a.hurry()
	}
	err := a.resp.ReadBody(a.in, maxBody)
	if err == fasthttp.ErrBodyTooLarge && len(a.resp.Body()) == 0 { //nolint:errorlint // As fasthttp returns it.
		start, _ := a.in.Peek(min(a.in.Buffered(), ioBuffer))
		a.resp.SetBody(start)
	}
	if err == nil && a.resp.Header.ContentLength() == -1 {
		err = a.resp.Header.ReadTrailer(a.in)
	}
	return err
}

// plain returns why an answer could not be read, without anything of the answer: it may hold the key, and fasthttp
// quotes what it cannot read.
func plain(err error) error {
	if broken, ok := errors.AsType[*net.OpError](err); ok {
		return broken
	}
	switch {
	case isTimeout(err), err == fasthttp.ErrBodyTooLarge, err == errInterim: //nolint:errorlint // As they are returned.
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
	}
	return errNoHTTP
}

var (
	errNoHTTP = errors.New(
		"what the endpoint answers is not HTTP/1.1: check that it is the right server, and http or https as it wants")
	errInterim   = errors.New("the endpoint sends interim answers without end")
	errSlowBody  = errors.New("the body of an answer does not end")
	errBodyOf204 = errors.New("the endpoint announces a body after a 204")
	// errSwitched says that what follows an answer is no HTTP/1.1. Nobody has asked for that.
	errSwitched = errors.New("the endpoint switches to another protocol")
)

var noStatus = []byte("HTTP/1.1 000")

var noContent, endOfHead = []byte("HTTP/1.1 204 "), []byte("\r\n\r\n")
