package simulation

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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
	// What the client makes up is named in the order of appearance, so that histories are the same.
	names, actual map[string]string
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
	switch {
	case d.owner.cut || d.server == toNATS && w.nats.away || d.server == toEndpoint && w.endpoint.away:
		return fmt.Errorf("dial: %w", errRefused)
	}
	return nil
}

func (n *natsSide) now() time.Time { return n.world.time(n.world.now()) }

func (n *natsSide) open(l *link) {
	l.nats.conn = n.server.Open(n.now())
	n.links[l.nats.conn] = l
	n.flush()
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
	deliveries := deliveriesIn(b)
	seen := func() {
		for i := range deliveries {
			w.truth.delivered(l, &deliveries[i])
		}
	}
	if len(b) > 1 && w.network.IntN(16) == 0 {
		at := 1 + w.network.IntN(len(b)-1)
		// A name that stands across the cut is as the client has it before it is cut.
		whole := n.spelled(b)
		at = min(at, len(whole)-1)
		w.answer(l, whole[:at:at], 0, nil, nil)
		w.answer(l, whole[at:], 0, end, seen)
		return
	}
	w.answer(l, b, 0, end, seen)
}

const inbox = "_INBOX."

// nameLength is that of what the client makes up.
const nameLength = 22

// canonical replaces what the client has made up by names of the same length.
func (n *natsSide) canonical(b []byte) []byte {
	return n.replace(b, func(name string) string {
		known, ok := n.names[name]
		if !ok {
			known = fmt.Sprintf("N%0*d", nameLength-1, len(n.names))
			n.names[name] = known
			n.actual[known] = name
		}
		return known
	})
}

// spelled is the reverse of canonical.
func (n *natsSide) spelled(b []byte) []byte {
	return n.replace(b, func(name string) string {
		if actual, ok := n.actual[name]; ok {
			return actual
		}
		return name
	})
}

func (n *natsSide) replace(b []byte, by func(string) string) []byte {
	if !bytes.Contains(b, []byte(inbox)) {
		return b
	}
	b = bytes.Clone(b)
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte(inbox))
		if i < 0 || at+i+len(inbox)+nameLength > len(b) {
			return b
		}
		at += i + len(inbox)
		name := b[at : at+nameLength]
		if bytes.ContainsAny(name, " .\r\n*>") {
			continue
		}
		copy(name, by(string(name)))
		at += nameLength
	}
}

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
func (e *natsEnd) sent(w *World, b []byte) {
	e.up.add(b, func(f *frame, size int) {
		e.size += size
		if !strings.HasPrefix(f.subject, "$JS.ACK.") && !strings.HasPrefix(f.subject, deadPrefix) {
			return
		}
		e.ends = append(e.ends, ackSent{e.size, *f})
	})
}
