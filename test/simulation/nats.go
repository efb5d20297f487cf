package simulation

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"momento-bridge/test/simulation/natsmodel"
)

// natsSide is the model of NATS in the world: bytes in, bytes out, and what they mean to the oracle.
type natsSide struct {
	world  *World
	server *natsmodel.Server
	links  map[natsmodel.Conn]*link
	admin  natsmodel.Conn
	due    int64 // When the model was told to be advanced; negative: never.
	away   bool  // It takes no connections.
	frozen bool
	// greeting is the link whose handshake is answered now.
	greeting *link
}

// natsEnd is the server's end of a link.
type natsEnd struct {
	conn natsmodel.Conn
	up   frames // What the daemon says.
	ends []ackSent
	size int // Bytes sent, and
	come int // arrived.
}

// ackSent is an acknowledgement on its way.
type ackSent struct {
	end   int // Where it ends among what was sent.
	frame frame
}

var errRefused = errors.New("connection refused")

// unreachable says why a connection cannot be made now.
func (w *World) unreachable(d *dialing) error {
	if d.owner.cut || w.endpoint.away {
		return fmt.Errorf("dial: %w", errRefused)
	}
	return nil
}

func (n *natsSide) now() time.Time { return n.world.time(n.world.now()) }

// connect makes a daemon's connection to NATS. It takes no time, and neither does the handshake: the client holds its
// mutex meanwhile, and while anybody waits for a mutex no virtual time passes.
func (w *World) connect(owner *replica) (net.Conn, error) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.history.note(w.now(), "dial", int64(owner.id), int64(toNATS))
	if owner.cut || w.nats.away || w.nats.frozen {
		return nil, fmt.Errorf("dial: %w", errRefused)
	}
	l := newLink(w.number(), owner, toNATS, w.poke)
	l.greeting, owner.linked = true, w.now()
	w.links = append(w.links, l)
	w.history.note(w.now(), "open", int64(l.id), int64(owner.id), int64(toNATS))
	l.nats.conn = w.nats.server.Open(w.nats.now())
	w.nats.links[l.nats.conn] = l
	w.nats.greeted(l)
	return l, nil
}

// greet takes what a daemon says in the handshake, and answers at once.
func (w *World) greet(l *link, b []byte) {
	w.lock.Lock()
	defer w.lock.Unlock()
	l.nats.sent(b)
	w.history.note(w.now(), "greet", int64(l.id), int64(len(b)), digest(b))
	l.nats.come += len(b)
	w.nats.server.Receive(w.nats.now(), l.nats.conn, b)
	w.nats.greeted(l)
}

// greeted gives a daemon what the server says in the handshake, which ends with a PONG.
func (n *natsSide) greeted(l *link) {
	n.greeting = l
	n.flush()
	n.greeting = nil
	n.world.poke()
}

// receive gives the model what has arrived.
func (n *natsSide) receive(l *link, b []byte) {
	l.nats.come += len(b)
	for len(l.nats.ends) > 0 && l.nats.ends[0].end <= l.nats.come {
		n.world.truth.heard(l, &l.nats.ends[0].frame)
		l.nats.ends = l.nats.ends[1:]
	}
	n.server.Receive(n.now(), l.nats.conn, b)
	n.flush()
}

func (n *natsSide) close(l *link) {
	n.server.Close(n.now(), l.nats.conn)
	n.flush()
}

// do has something done to the server.
func (n *natsSide) do(change func(*natsmodel.Server, time.Time)) {
	change(n.server, n.now())
	n.flush()
}

// flush sends what the model has to say, and sees to it that it is advanced in time.
func (n *natsSide) flush() {
	for _, chunk := range n.server.Output() {
		l := n.links[chunk.Conn]
		if l == nil {
			continue
		}
		var end error
		if chunk.Closed {
			end = io.EOF
			delete(n.links, chunk.Conn)
		}
		if l == n.greeting {
			l.deliver(chunk.Bytes, end)
			l.greeting = !bytes.Contains(chunk.Bytes, []byte("PONG\r\n"))
			continue
		}
		n.say(l, chunk.Bytes, end)
	}
	next, ok := n.server.Next()
	if !ok {
		return
	}
	at := max(int64(next.Sub(n.world.began)), n.world.now())
	if n.due >= 0 && n.due <= at && n.due >= n.world.now() {
		return
	}
	n.due = at
	n.world.queue.put(at, func() {
		if n.due == at {
			n.due = -1
		}
		n.server.Advance(n.now())
		n.flush()
	})
}

// say sends the daemon what the model says, in one or two pieces.
func (n *natsSide) say(l *link, b []byte, end error) {
	w := n.world
	deliveries, said := deliveriesIn(b), w.now()
	w.truth.said(deliveries)
	seen := func(some []frame) func() {
		return func() {
			for i := range some {
				w.truth.delivered(l, &some[i], said)
			}
		}
	}
	if len(b) > 1 && w.network.IntN(16) == 0 {
		at := 1 + w.network.IntN(len(b)-1)
		// The client does not wait for the line's end.
		early := len(deliveriesIn(append(bytes.Clone(b[:at]), "\r\n"...)))
		w.answer(l, b[:at:at], 0, nil, seen(deliveries[:early]))
		w.answer(l, b[at:], 0, end, seen(deliveries[early:]))
		return
	}
	w.answer(l, b, 0, end, seen(deliveries))
}

const inbox = "_INBOX."

// command has the model do what a client asks for, and looks at no answer.
func (n *natsSide) command(subject string, body string) {
	if n.admin == 0 {
		n.admin = n.server.Open(n.now())
		n.server.Receive(n.now(), n.admin, []byte("CONNECT {\"headers\":true,\"protocol\":1}\r\nPING\r\n"))
	}
	n.server.Receive(n.now(), n.admin, fmt.Appendf(nil, "PUB %s _A %d\r\n%s\r\n", subject, len(body), body))
	n.flush()
}

// request is command for the API of JetStream.
func (n *natsSide) request(what, body string) { n.command("$JS.API."+what, body) }

// sent looks at what a daemon says.
func (e *natsEnd) sent(b []byte) {
	e.up.add(b, func(f *frame, size int) {
		e.size += size
		if !strings.HasPrefix(f.subject, "$JS.ACK.") && !strings.HasPrefix(f.subject, deadPrefix) {
			return
		}
		end := ackSent{e.size, *f}
		end.frame.payload = bytes.Clone(f.payload)
		e.ends = append(e.ends, end)
	})
}
