package sink

import (
	"net"
	"time"
)

// conn is a TCP connection on which a request is written and then its answer is read. It belongs to one goroutine.
//
// Written bytes wait until something is read: an answer cannot come before its request. So Read can begin to wait for the answer first, and write
// then, where there is a way to do that (see exchange), and no read is wasted on an answer that cannot be there yet. Under TLS, records are what is
// written and read.
type conn struct {
	*net.TCPConn
	unwritten []byte
	deadline  time.Time // Of the connection; it may be somewhat later than what was asked for.
	used      time.Time // When the latest attempt began.
	rested    bool      // Before that it was not used for a while: the server may have closed it without a trace of what is sent now.
	exchange  exchange
}

// restTime is how long a connection may lie idle and still be taken for open.
const restTime = time.Second

func newConn(tcp *net.TCPConn) *conn {
	c := &conn{TCPConn: tcp}
	c.exchange.init(c)
	return c
}

// Write keeps the bytes until Read or Close. It does not fail.
func (c *conn) Write(b []byte) (int, error) {
	c.unwritten = append(c.unwritten, b...)
	return len(b), nil
}

// Read writes what is unwritten, and reads. It returns the error of either.
func (c *conn) Read(b []byte) (int, error) {
	switch {
	case len(c.unwritten) == 0:
		return c.TCPConn.Read(b)
	case c.rested:
		if err := c.flush(); err != nil {
			return 0, err
		}
		return c.TCPConn.Read(b)
	}
	return c.exchange.do(c, b)
}

// flush writes what is unwritten.
func (c *conn) flush() error {
	unwritten := c.unwritten
	c.unwritten = c.unwritten[:0]
	if cap(c.unwritten) > 2*ioBuffer { // Of an extraordinary message.
		c.unwritten = nil
	}
	_, err := c.TCPConn.Write(unwritten)
	return err
}

// Close writes what is unwritten, such as TLS's farewell, and closes.
func (c *conn) Close() error {
	if len(c.unwritten) > 0 {
		_ = c.flush()
	}
	return c.TCPConn.Close()
}

// begin is called before each attempt. It makes reads and writes fail at a time, or up to slack of the time until then later.
func (c *conn) begin(now, end time.Time) error {
	c.rested = now.Sub(c.used) > restTime
	c.used = now
	deadline := lateDeadline(c.deadline, now, end)
	if deadline.Equal(c.deadline) {
		return nil
	}
	c.deadline = deadline
	return c.SetDeadline(deadline)
}
