package simulation

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// link is a connection between a daemon and a server of the world. The daemon has it as a net.Conn, and as a
// sink.Virtual; its other end is the world, which looks at what was written once nothing in the bubble moves.
type link struct {
	id     int
	owner  *replica
	server endpointOf
	poke   func()

	mu       sync.Mutex // Guards the following.
	come     sync.Cond  // Something has come, or the deadline has passed or changed.
	in       []byte
	end      error // After in; nil: it is open.
	closed   bool  // By the daemon.
	deadline time.Time
	timer    *time.Timer
	greeting bool   // The handshake with NATS has not ended.
	out      []byte // Written, and not fetched by the world.

	// Of the world:
	nats     natsEnd
	http     httpEnd
	gone     bool  // Nothing reaches the daemon any more.
	told     bool  // The server knows that it is closed.
	there    int64 // When what was sent last arrives at the server,
	back     int64 // and at the daemon.
	finished int64 // When the daemon closed it; 0: it has not.
}

// endpointOf says what a link leads to.
type endpointOf int

const (
	toNATS endpointOf = iota
	toEndpoint
)

func newLink(id int, owner *replica, server endpointOf, poke func()) *link {
	l := &link{id: id, owner: owner, server: server, poke: poke}
	l.come.L = &l.mu
	return l
}

// Look implements sink.Virtual.
func (l *link) Look(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.look(b)
}

func (l *link) look(b []byte) (int, error) {
	switch {
	case l.closed:
		return 0, net.ErrClosed
	case len(l.in) > 0:
		n := copy(b, l.in)
		l.in = l.in[:copy(l.in, l.in[n:])]
		return n, nil
	}
	return 0, l.end
}

// Pending implements sink.Virtual.
func (l *link) Pending() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pending()
}

func (l *link) pending() bool { return len(l.in) > 0 || l.end != nil || l.closed }

// Await implements sink.Virtual.
func (l *link) Await() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.await()
}

func (l *link) await() error {
	for !l.pending() {
		if l.late() {
			return &net.OpError{Op: "read", Net: "tcp", Err: os.ErrDeadlineExceeded}
		}
		l.come.Wait()
	}
	return nil
}

func (l *link) late() bool { return !l.deadline.IsZero() && !l.deadline.After(time.Now()) }

// Read implements net.Conn.
func (l *link) Read(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.late() && !l.closed {
		return 0, &net.OpError{Op: "read", Net: "tcp", Err: os.ErrDeadlineExceeded}
	}
	if err := l.await(); err != nil {
		return 0, err
	}
	return l.look(b)
}

// Write implements net.Conn. It never waits: the network takes everything.
func (l *link) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.greeting && !l.closed:
		l.mu.Unlock()
		defer l.mu.Lock()
		l.owner.world.greet(l, b)
		return len(b), nil
	case l.closed:
		return 0, net.ErrClosed
	case l.end != nil && l.end != io.EOF: //nolint:errorlint // As it was set.
		return 0, &net.OpError{Op: "write", Net: "tcp", Err: os.NewSyscallError("write", syscall.EPIPE)}
	}
	if len(l.out) == 0 {
		l.poke()
	}
	l.out = append(l.out, b...)
	return len(b), nil
}

// Close implements net.Conn.
func (l *link) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return net.ErrClosed
	}
	l.closed = true
	if l.timer != nil {
		l.timer.Stop()
	}
	l.come.Broadcast()
	l.poke()
	return nil
}

// SetDeadline implements net.Conn.
func (l *link) SetDeadline(t time.Time) error { return l.SetReadDeadline(t) }

// SetReadDeadline implements net.Conn.
func (l *link) SetReadDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return net.ErrClosed
	}
	l.deadline = t
	switch wait := time.Until(t); {
	case t.IsZero():
		if l.timer != nil {
			l.timer.Stop()
		}
	case wait <= 0:
		l.come.Broadcast()
	case l.timer == nil:
		l.timer = time.AfterFunc(wait, l.expired)
	default:
		l.timer.Reset(wait)
	}
	return nil
}

func (l *link) expired() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.come.Broadcast()
}

// SetWriteDeadline implements net.Conn.
func (l *link) SetWriteDeadline(time.Time) error { return nil }

// LocalAddr implements net.Conn.
func (l *link) LocalAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2), Port: 1 + l.id%65535}
}

// RemoteAddr implements net.Conn.
func (l *link) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1 + int(l.server)}
}

// fetch returns what the daemon has written since it was asked last, and whether it has closed the link.
func (l *link) fetch() (written []byte, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	written, l.out = l.out, nil
	return written, l.closed
}

// deliver gives the daemon bytes, and the end of the link if there is one.
func (l *link) deliver(b []byte, end error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.end != nil {
		return
	}
	l.in = append(l.in, b...)
	l.end = end
	l.owner.world.stirred.Store(true)
	l.come.Broadcast()
}

// reset ends the link at once: what has come and was not read is lost.
func (l *link) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.in = nil
	l.end = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	l.owner.world.stirred.Store(true)
	l.come.Broadcast()
}
