// Package live lets real clients talk to a natsmodel.Server, on the clock that its caller has: the real one, or that of
// a testing/synctest bubble.
package live

import (
	"errors"
	"net"
	"sync"
	"time"

	"momento-bridge/test/simulation/natsmodel"
)

// Server runs a model. Its methods may be called concurrently.
type Server struct {
	mu      sync.Mutex // Guards the following.
	model   *natsmodel.Server
	clients map[natsmodel.Conn]*client
	stopped bool
	timer   *time.Timer
	running sync.WaitGroup
}

// client is the server's end of one connection.
type client struct {
	conn net.Conn
	more chan struct{} // One slot.

	mu     sync.Mutex // Guards the following.
	out    []byte
	closed bool // By the server.
}

// Start starts a server. Stop ends it.
func Start(cfg natsmodel.Config) *Server {
	s := &Server{model: natsmodel.New(cfg), clients: map[natsmodel.Conn]*client{}}
	s.timer = time.AfterFunc(time.Hour, s.due)
	return s
}

// Stop closes all connections and waits until nothing runs any more.
func (s *Server) Stop() {
	s.mu.Lock()
	s.stopped = true
	s.timer.Stop()
	for _, c := range s.clients {
		_ = c.conn.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// Do changes the model, or looks at it.
func (s *Server) Do(f func(model *natsmodel.Server, now time.Time)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.model, time.Now())
	s.flush()
}

// Cut breaks all connections, without a word to clients or server before.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.clients {
		_ = c.conn.Close()
	}
}

var errRefused = errors.New("connection refused")

// Dial implements nats.CustomDialer.
func (s *Server) Dial(string, string) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, errRefused
	}
	theirs, ours := net.Pipe()
	c := &client{conn: ours, more: make(chan struct{}, 1)}
	id := s.model.Open(time.Now())
	s.clients[id] = c
	s.running.Go(func() { s.read(id, c) })
	s.running.Go(c.write)
	s.flush()
	return theirs, nil
}

// SkipTLSHandshake says that connections are as good as secure.
func (s *Server) SkipTLSHandshake() bool { return true }

func (s *Server) read(id natsmodel.Conn, c *client) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := c.conn.Read(buffer)
		s.mu.Lock()
		if n > 0 {
			s.model.Receive(time.Now(), id, buffer[:n])
		}
		if err != nil {
			s.model.Close(time.Now(), id)
			delete(s.clients, id)
			c.end()
		}
		s.flush()
		s.mu.Unlock()
		if err != nil {
			_ = c.conn.Close()
			return
		}
	}
}

// flush hands out what the model says, and sets the timer to when it has something to do next. The caller holds mu.
func (s *Server) flush() {
	for _, chunk := range s.model.Output() {
		if c := s.clients[chunk.Conn]; c != nil {
			c.add(chunk)
		}
	}
	if at, ok := s.model.Next(); ok && !s.stopped {
		s.timer.Reset(time.Until(at))
	}
}

func (s *Server) due() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.model.Advance(time.Now())
	s.flush()
}

func (c *client) add(chunk natsmodel.Chunk) {
	c.mu.Lock()
	c.out = append(c.out, chunk.Bytes...)
	c.closed = c.closed || chunk.Closed
	c.mu.Unlock()
	c.signal()
}

func (c *client) end() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.signal()
}

func (c *client) signal() {
	select {
	case c.more <- struct{}{}:
	default:
	}
}

// write sends what there is until the connection has ended.
func (c *client) write() {
	for range c.more {
		c.mu.Lock()
		out, closed := c.out, c.closed
		c.out = nil
		c.mu.Unlock()
		if len(out) > 0 {
			if _, err := c.conn.Write(out); err != nil {
				closed = true
			}
		}
		if closed {
			_ = c.conn.Close()
			return
		}
	}
}
