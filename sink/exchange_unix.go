//go:build unix

package sink

import (
	"io"
	"net"
	"os"
	"syscall"
)

// exchange writes a request and reads what is answered first, with one read: Go's poller is told to listen for the
// answer before the request is written, so there is no need to try whether it is there already: a system call less.
type exchange struct {
	virtual Virtual // nil: the following is used.

	raw  syscall.RawConn
	step func(fd uintptr) bool // Made once,
	poll func(fd uintptr)      // as are this
	spy  func(fd uintptr)      // and this.

	// Of the exchange under way:
	in      []byte
	written bool
	n       int
	err     error

	// Of the glance under way:
	first [1]byte
	some  bool
}

func (x *exchange) init(c *conn) {
	if x.virtual, _ = c.Conn.(Virtual); x.virtual != nil {
		return
	}
	tcp, ok := c.Conn.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return // A connection that is closed already; do will see.
	}
	x.raw = raw
	x.step = func(fd uintptr) bool { return x.advance(c, int(fd)) }
	x.poll = func(fd uintptr) { x.read(c, int(fd)) }
	x.spy = func(fd uintptr) {
		_, _, err := syscall.Recvfrom(int(fd), x.first[:], syscall.MSG_PEEK)
		x.some = err != syscall.EAGAIN
	}
}

func (x *exchange) do(c *conn, b []byte) (int, error) {
	if x.raw == nil && x.virtual != nil {
		return exchangeVirtual(c, x.virtual, b)
	}
	if x.raw == nil {
		return 0, net.ErrClosed
	}
	x.in, x.written, x.n, x.err = b, false, 0, nil
	err := x.raw.Read(x.step)
	x.in = nil
	if x.err == nil {
		x.err = err
	}
	return x.n, x.err
}

// glance reports whether there is something to read, or the end. Another read may wait meanwhile.
func (x *exchange) glance() bool {
	if x.virtual != nil {
		return x.virtual.Pending()
	}
	x.some = true
	_ = x.raw.Control(x.spy)
	return x.some
}

// look reads what has come, without waiting.
func (x *exchange) look(_ *conn, b []byte) (int, error) {
	if x.virtual != nil {
		return lookVirtual(x.virtual, b)
	}
	if x.raw == nil {
		return 0, net.ErrClosed
	}
	x.in, x.n, x.err = b, 0, nil
	err := x.raw.Control(x.poll)
	x.in = nil
	switch {
	case err != nil:
		return 0, err
	case x.n == 0 && x.err == nil:
		return 0, errNotYet
	}
	return x.n, x.err
}

// advance makes one step and reports whether the exchange is over; if not, it is called again when there is something
// to read. The first call is made when Go listens already, whatever has happened before being forgotten, so an answer
// that comes while it writes is noticed.
func (x *exchange) advance(c *conn, fd int) bool {
	if !x.written && c.holds() {
		x.written = true
		if c.flush(); c.writeErr == nil {
			return false
		}
	}
	if !c.idle {
		return x.read(c, fd)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	over := x.read(c, fd)
	c.parked = !over
	return over
}

// read reads what has come. It reports false if that is nothing.
func (x *exchange) read(c *conn, fd int) bool {
	for {
		n, err := syscall.Read(fd, x.in)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return false
		case err != nil:
			x.err = &net.OpError{Op: "read", Net: "tcp", Addr: c.RemoteAddr(), Err: os.NewSyscallError("read", err)}
		case n == 0:
			x.err = io.EOF
		default:
			x.n = n
		}
		return true
	}
}
