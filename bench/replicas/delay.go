package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// delay stands between a replica and NATS: what passes takes a while, another one for each connection and direction,
// as on a long way.
type delay struct {
	Address string
	target  string
	between [2]time.Duration
	ln      net.Listener
	mu      sync.Mutex // Guards the following.
	conns   []net.Conn
}

func newDelay(ctx context.Context, target string, between [2]time.Duration) (*delay, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	d := &delay{Address: ln.Addr().String(), target: target, between: between, ln: ln}
	context.AfterFunc(ctx, d.close)
	go d.accept()
	return d, nil
}

func (d *delay) close() {
	_ = d.ln.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, conn := range d.conns {
		_ = conn.Close()
	}
}

func (d *delay) accept() {
	for {
		near, err := d.ln.Accept()
		if err != nil {
			return
		}
		distant, err := net.Dial("tcp", d.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		d.mu.Lock()
		d.conns = append(d.conns, near, distant)
		d.mu.Unlock()
		go d.carry(distant, near)
		go d.carry(near, distant)
	}
}

// chunk is what was read, and when it arrives.
type chunk struct {
	bytes []byte
	due   time.Time
}

// carry copies one direction. Chunks never overtake each other. The way takes half of what is between two replicas,
// as a message between them goes two such ways.
func (d *delay) carry(to, from net.Conn) {
	defer to.Close()
	chunks := make(chan chunk, 4096)
	go func() {
		defer close(chunks)
		for {
			b := make([]byte, 32<<10)
			n, err := from.Read(b)
			if err != nil {
				return
			}
			way := (d.between[0] + rand.N(d.between[1]-d.between[0])) / 2
			chunks <- chunk{b[:n], time.Now().Add(way)}
		}
	}()
	for c := range chunks {
		time.Sleep(time.Until(c.due))
		if _, err := to.Write(c.bytes); err != nil {
			_ = from.Close()
			break
		}
	}
	for range chunks { //nolint:revive // The reader must not be left waiting.
	}
}
