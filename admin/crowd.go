package admin

import (
	"net"
	"net/http"
	"sync"
)

// maxConnections bounds the connections of one listener. Pages, scrapers and probes of a daemon are a few dozen.
const maxConnections = 256

// crowd bounds the connections of a listener. A new one is always taken, so that probes are answered whoever else is
// there: when there are too many, one that waits for a request goes, else the one that has been busy for longest.
type crowd struct {
	most int

	mu   sync.Mutex // Guards the following.
	busy map[net.Conn]bool
	line []net.Conn // In the order in which they came.
}

func newCrowd(most int) *crowd { return &crowd{most: most, busy: map[net.Conn]bool{}} }

func (c *crowd) listen(ln net.Listener) net.Listener { return &crowded{ln, c} }

// crowded is a listener whose connections are counted.
type crowded struct {
	net.Listener

	crowd *crowd
}

// Accept implements net.Listener.
func (l *crowded) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if gone := l.crowd.enter(conn); gone != nil {
		_ = gone.Close()
	}
	return conn, nil
}

// enter counts a connection, and returns the one that must go for it; nil: there is room.
func (c *crowd) enter(conn net.Conn) net.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	var gone net.Conn
	if len(c.line) >= c.most {
		gone = c.line[0]
		for _, other := range c.line {
			if !c.busy[other] {
				gone = other
				break
			}
		}
		c.forget(gone)
	}
	c.line = append(c.line, conn)
	return gone
}

// changed is told of a connection's states by the server.
func (c *crowd) changed(conn net.Conn, state http.ConnState) {
	conn = bare(conn)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateActive:
		c.busy[conn] = true
	case http.StateNew, http.StateIdle:
		delete(c.busy, conn)
	case http.StateClosed, http.StateHijacked:
		c.forget(conn)
	}
}

// forget must be called with the mutex held.
func (c *crowd) forget(conn net.Conn) {
	delete(c.busy, conn)
	for i, other := range c.line {
		if other == conn {
			c.line = append(c.line[:i], c.line[i+1:]...)
			return
		}
	}
}
