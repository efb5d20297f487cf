package sink

import (
	"net"
	"sync/atomic"
	"time"

	"momento-bridge/pipeline"
	"momento-bridge/sink/key"
)

// connection carries up to depth publishes at a time on one keep-alive connection, which is made when it is needed.
//
//	Send ──▶ requests ──▶ network ──▶ answers ──▶ Receive
//	            └──▶ awaited, in order ───────────────┘
//
// It has no goroutine of its own: its user's sits in a read from one Send to the next, whether or not an answer is
// awaited. So a close, or bytes that nobody asked for, end it when they come; what may have come since is looked for
// before each send. When something is to be sent, Interrupt ends the read.
type connection struct {
	momento *Momento
	depth   int

	wake chan struct{}        // One slot: Interrupt was called, and no Receive has returned for it.
	open atomic.Pointer[conn] // For Interrupt; nil: there is no connection.

	// Of its user's goroutine:
	wire    wire
	out     outgoing
	conn    net.Conn
	tcp     *conn // What conn is on; with TLS there is something between. nil: there is no connection.
	in      answers
	expires time.Time           // When it is old.
	used    time.Time           // When something was last sent on it.
	full    bool                // It carries nothing new: it is old.
	awaited []waiting           // What is sent and not answered, in the order of the answers.
	carried int                 // Answers on it so far.
	over    []pipeline.Answered // What could not be sent, for the next Receive.
}

// waiting is a publish whose answer has not come.
type waiting struct {
	r   *pipeline.Request
	key *key.Key
}

var _ pipeline.Connection = (*connection)(nil)

func newConnection(m *Momento, depth int) *connection {
	c := &connection{momento: m, depth: depth, wake: make(chan struct{}, 1), wire: wire{cfg: &m.cfg}}
	c.in.hurry = func() { c.tcp.hurry(time.Now().Add(bodyTime)) }
	return c
}

// Depth implements pipeline.Connection.
func (c *connection) Depth() int {
	switch {
	case c.full:
		return 0
	case c.momento.manners.several.counts():
		return 1
	}
	return c.depth
}

// Send implements pipeline.Connection.
func (c *connection) Send(rs []*pipeline.Request, more bool) {
	now, first := rs[0].Start, len(c.awaited)
	if c.tcp != nil {
		c.tcp.flush() // What it has not written yet is in what is reused now.
	}
	c.out.reset()
	for _, r := range rs {
		key, a := c.momento.prepare(r)
		switch {
		case key == nil:
			c.over = append(c.over, pipeline.Answered{Request: r, Answer: a})
			continue
		case !r.Deadline.After(now):
			c.over = append(c.over, pipeline.Answered{Request: r, Answer: noTimeLeft})
			continue
		}
		c.wire.add(&c.out, r, key)
		c.awaited = append(c.awaited, waiting{r, key})
	}
	if len(c.awaited) == first {
		return
	}
	if first == 0 {
		if err := c.ready(now, c.awaited[0].r); err != nil {
			c.unsent(err)
			return
		}
	}
	c.used = now
	c.write(first == 0 && !more)
}

// ready makes sure of a connection on which nothing is awaited and nothing has come, until the deadline of the first
// request.
func (c *connection) ready(now time.Time, first *pipeline.Request) error {
	end := first.Deadline
	if c.tcp != nil && (first.Reconnect || now.After(c.expires)) {
		c.close()
	}
	if c.tcp != nil {
		c.tcp.await(now, end)
		if c.silent() {
			return nil
		}
		c.close()
	}
	if err := c.connect(end); err != nil {
		return err
	}
	c.tcp.await(now, end)
	return nil
}

// silent reports whether the connection is open and nothing has come on it, by one more look. It is worth its system
// call also right after an answer: what is sent in vain is unclear, and what is taken for an answer may be none.
func (c *connection) silent() bool {
	if c.in.in.Buffered() > 0 {
		return false
	}
	c.tcp.looks = true
	err := c.in.wait()
	c.tcp.looks = false
	return err == errNotYet //nolint:errorlint // As it was returned.
}

// write sends what is in out, or leaves that to the next read, if that comes at once. An error stays with the
// connection: the answers that have come are still to be read.
func (c *connection) write(late bool) {
	c.tcp.late = late
	if parts := c.out.parts(); c.conn == net.Conn(c.tcp) {
		c.tcp.writeParts(parts)
	} else {
		c.encrypt(parts)
	}
	c.tcp.late = false
}

// encrypt writes parts with TLS, which copies them.
func (c *connection) encrypt(parts net.Buffers) {
	for _, part := range parts {
		if _, err := c.conn.Write(part); err != nil {
			break
		}
	}
	clear(parts)
}

// unsent answers what was to be sent and could not be, as there is no connection.
func (c *connection) unsent(err error) {
	for i, w := range c.awaited {
		a := pipeline.Answer{Verdict: pipeline.Retry, Result: pipeline.ResultNetwork, Detail: err.Error(), Echo: i > 0}
		c.over = append(c.over, pipeline.Answered{Request: w.r, Answer: a})
	}
	c.forget()
}

// forget forgets what was awaited.
func (c *connection) forget() {
	clear(c.awaited)
	c.awaited = c.awaited[:0]
}

// TrySend implements pipeline.Connection.
func (c *connection) TrySend(r *pipeline.Request) bool {
	tcp := c.open.Load()
	if tcp == nil || r.Reconnect || len(r.Payload) > largestTry {
		return false
	}
	tcp.mu.Lock()
	defer tcp.mu.Unlock()
	if !tcp.parked || len(c.awaited) > 0 || r.Start.After(c.expires) || tcp.pending() {
		return false
	}
	key, _ := c.momento.prepare(r)
	if key == nil {
		return false
	}
	tcp.await(r.Start, r.Deadline)
	c.used = r.Start
	c.awaited = append(c.awaited, waiting{r, key})
	c.out.reset()
	c.wire.add(&c.out, r, key)
	c.write(false)
	return true
}

// largestTry is the largest payload that is certain to fit into an idle connection's send buffer, in bytes.
const largestTry = ioBuffer

// Interrupt implements pipeline.Connection.
func (c *connection) Interrupt() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
	if tcp := c.open.Load(); tcp != nil {
		tcp.interrupt()
	}
}

// Connect makes the connection by a time, unless there is one that may lie idle for half the limit from now on, and
// will not be too old for a while. It may be called while nothing is awaited.
func (c *connection) Connect(end time.Time) error {
	if c.tcp != nil {
		now := time.Now()
		c.tcp.await(now, end)
		if now.Sub(c.used) < idleLimit/2 && c.expires.Sub(now) > youngest/2 && c.silent() {
			return nil
		}
		c.close()
	}
	return c.connect(end)
}

// connect makes a connection by a time.
func (c *connection) connect(end time.Time) error {
	var tcp *conn
	opened, err := c.momento.dialer.dial(end, func(raw net.Conn) net.Conn {
		tcp = newConn(raw, end)
		return tcp
	})
	if err != nil {
		return err
	}
	now := time.Now()
	c.conn, c.tcp, c.expires, c.used, c.carried, c.full = opened, tcp, now.Add(age()), now, 0, false
	c.in.reset(opened)
	c.open.Store(tcp)
	return nil
}

// close closes the connection. What is awaited on it is the caller's.
func (c *connection) close() {
	c.open.Store(nil)
	_ = c.conn.Close()
	c.conn, c.tcp, c.full = nil, nil, false
}

// Close implements pipeline.Connection.
func (c *connection) Close() {
	if c.tcp != nil {
		c.close()
	}
}
