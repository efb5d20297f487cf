package sink

import (
	"net"
	"os"
	"sync"
	"time"
)

// conn is the TCP connection under a connection: with deadlines that are set rarely, reads that can be interrupted,
// writes that can wait for the next read, and a look at what has come. Under TLS, records are what is written and read.
// It belongs to one goroutine, but for interrupt, and for what is said of mu.
//
// A late write waits until something is read, as an answer cannot come before its request: so that Read can begin to
// wait for the answer first, and write then, where there is a way to do that (see exchange), and no read is wasted on
// an answer that cannot be there yet.
type conn struct {
	net.Conn // To the network: a *net.TCPConn, or a Virtual.

	late          bool        // Writes wait for the next read.
	unwritten     []byte      // Late ones, copied,
	parts         net.Buffers // and after them those of the latest writeParts, which are the caller's.
	writing       net.Buffers // What writeAll has left to write: a field, so that it is not allocated.
	writeErr      error
	deadline      time.Time // As far as it is known to be set.
	end           time.Time // When reads are to fail: the deadline, or what it will be set to.
	interruptible bool      // Reads return when they are interrupted, rather than go on.
	looks         bool      // Reads return what has come, and do not wait.
	exchange      exchange

	idle   bool       // Nothing is awaited: reads park.
	mu     sync.Mutex // Held while something is read by an idle read, and by whoever sends meanwhile. Guards parked.
	parked bool       // A read of an idle connection waits, and nothing had come when it began to.
}

func newConn(tcp net.Conn, deadline time.Time) *conn {
	c := &conn{Conn: tcp, deadline: deadline, end: deadline}
	c.exchange.init(c)
	return c
}

// Write writes, or keeps the bytes until the next Read, unless that is much already. Once a write has failed nothing
// more is written.
func (c *conn) Write(b []byte) (int, error) {
	if !c.late || len(c.unwritten)+len(b) > largestLate {
		c.flush()
		return c.write(b)
	}
	c.unwritten = append(c.unwritten, b...)
	return len(b), nil
}

// largestLate is how much is copied so that it can be written later.
const largestLate = 64 << 10

// writeParts is Write of several parts, which it keeps rather than copies: until they are written, flush has been
// called, or the connection is closed, they must stay as they are.
func (c *conn) writeParts(parts net.Buffers) {
	c.flush()
	if c.late {
		c.parts = parts
		return
	}
	c.writeAll(parts) // A read that is parked may look at c.parts meanwhile.
}

func (c *conn) write(b []byte) (int, error) {
	if c.writeErr != nil {
		return 0, c.writeErr
	}
	n, err := c.Conn.Write(b)
	c.writeErr = err
	return n, err
}

// Read writes what is unwritten, and reads.
func (c *conn) Read(b []byte) (int, error) {
	if c.looks {
		return c.exchange.look(c, b)
	}
	for {
		n, err := c.exchange.do(c, b)
		if n > 0 || err == nil || !isTimeout(err) || c.interruptible || !c.end.After(time.Now()) {
			return n, err
		}
		c.interrupted() // In the midst of an answer, which is read to its end first.
		c.rearm()
	}
}

// holds reports whether there is something unwritten.
func (c *conn) holds() bool { return len(c.unwritten)+len(c.parts) > 0 }

// flush writes what is unwritten. An error is kept in writeErr.
func (c *conn) flush() {
	if len(c.unwritten) > 0 {
		_, _ = c.write(c.unwritten)
		c.unwritten = c.unwritten[:0]
	}
	if len(c.parts) > 0 {
		c.writeAll(c.parts)
		c.parts = nil
	}
}

// writeAll writes parts, and forgets what they refer to.
func (c *conn) writeAll(parts net.Buffers) {
	switch {
	case c.writeErr != nil:
	case len(parts) == 1:
		_, c.writeErr = c.Conn.Write(parts[0])
	default:
		c.writing = parts
		_, c.writeErr = c.writing.WriteTo(c.Conn)
	}
	clear(parts)
}

// Close writes what is unwritten, such as TLS's farewell, and closes.
func (c *conn) Close() error {
	c.flush()
	return c.Conn.Close()
}

// await makes reads and writes fail at a time, or up to slack of the time until then later.
func (c *conn) await(now, end time.Time) {
	c.end = lateDeadline(c.deadline, now, end)
	c.rearm()
}

// hurry makes reads fail at a time, if they would not do so sooner.
func (c *conn) hurry(end time.Time) {
	if end.Before(c.end) {
		c.end = end
		c.rearm()
	}
}

// rearm sets the deadline, if it is not set.
func (c *conn) rearm() {
	if !c.end.Equal(c.deadline) {
		c.deadline = c.end
		_ = c.SetDeadline(c.deadline) // Of a closed connection: reads see that.
	}
}

// interrupt makes the read that waits fail with a timeout, or the next one. It may be called by any goroutine.
func (c *conn) interrupt() { _ = c.SetReadDeadline(longAgo) }

var longAgo = time.Unix(1, 0)

// unpark ends what an idle read allowed.
func (c *conn) unpark() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle, c.parked = false, false
}

// pending reports whether something has come, or the connection's end. It is called while the connection is parked.
func (c *conn) pending() bool { return c.exchange.glance() }

// interrupted notes that the deadline may not be what was set last, and writes what is unwritten.
func (c *conn) interrupted() {
	c.deadline = time.Time{}
	c.flush()
}

// errNotYet says that nothing has come. TLS can go on after it, as it is a timeout.
var errNotYet = &net.OpError{Op: "read", Net: "tcp", Err: os.ErrDeadlineExceeded}
