package natsmodel

import (
	"slices"
	"strings"
)

// apiLevel is the level of the API that the server has.
const apiLevel = 4

// jetStream is the part of the server that stores messages.
type jetStream struct {
	server  *Server
	streams []*stream // In the order of their names.
	woken   []*consumer
}

func newJetStream(s *Server) *jetStream { return &jetStream{server: s} }

const (
	apiPrefix  = "$JS.API."
	ackPrefix  = "$JS.ACK."
	flowPrefix = "$JS.FC."
)

// take reports whether JetStream has something for a message to do.
func (js *jetStream) take(from *conn, m *message) bool {
	switch {
	case strings.HasPrefix(m.subject, apiPrefix):
		return js.asked(from, m)
	case strings.HasPrefix(m.subject, ackPrefix):
		return js.acknowledged(m)
	case strings.HasPrefix(m.subject, flowPrefix):
		return js.flows(m)
	}
	taken := false
	for _, s := range js.streams {
		if !s.leaderless && anyMatchesOf(s.cfg.Subjects, m.subject) {
			s.publish(m)
			taken = true
		}
	}
	return taken
}

// anyMatchesOf reports whether one of the filters takes a subject; none at all take nothing.
func anyMatchesOf(filters []string, subject string) bool {
	return len(filters) > 0 && anyMatches(filters, subject)
}

func (js *jetStream) find(name string) (int, bool) {
	return slices.BinarySearchFunc(js.streams, name, func(s *stream, name string) int {
		return strings.Compare(s.cfg.Name, name)
	})
}

// stream returns a stream; nil if there is none of that name.
func (js *jetStream) stream(name string) *stream {
	if at, ok := js.find(name); ok {
		return js.streams[at]
	}
	return nil
}

// consumer returns a consumer; nil if there is none of that name.
func (js *jetStream) consumer(stream, name string) *consumer {
	if s := js.stream(stream); s != nil {
		return s.consumer(name)
	}
	return nil
}

// acknowledged hands an acknowledgement to its consumer.
func (js *jetStream) acknowledged(m *message) bool {
	ack, ok := parseAck(m.subject)
	if !ok {
		return false
	}
	o := js.consumer(ack.stream, ack.consumer)
	if o == nil || o.cfg.Ack == ackNone || o.stream.leaderless {
		return false
	}
	if js.server.lose > 0 && js.server.rand.Float64() < js.server.lose {
		if js.server.lost != nil {
			js.server.lost(m.subject)
		}
		return true
	}
	o.acknowledge(ack, m)
	return true
}

// flows hands an answer to a flow control request to its consumer.
func (js *jetStream) flows(m *message) bool {
	rest := m.subject[len(flowPrefix):]
	stream, rest, _ := strings.Cut(rest, ".")
	name, _, _ := strings.Cut(rest, ".")
	o := js.consumer(stream, name)
	if o == nil || !o.cfg.FlowControl {
		return false
	}
	o.flowed(m.subject)
	return true
}

// interest is called with the subject of a subscription that has begun or ended: it lets push consumers look whether
// somebody is there.
func (js *jetStream) interest(subject string) {
	for _, s := range js.streams {
		for _, o := range s.pushes {
			if matches(subject, o.cfg.DeliverSubject) {
				o.look()
			}
		}
	}
}

// settle lets all consumers that have been woken deliver what they may.
func (js *jetStream) settle() {
	for at := 0; at < len(js.woken); at++ {
		o := js.woken[at]
		o.awake = false
		o.run()
	}
	clear(js.woken)
	js.woken = js.woken[:0]
}

// answer sends something to a reply subject, if there is one.
func (js *jetStream) answer(reply string, header, data []byte) {
	if reply != "" {
		js.server.deliver(nil, &message{subject: reply, header: header, data: data})
	}
}

// shutdown tells those who wait at a server that stops, while they can still be told.
func (js *jetStream) shutdown() {
	for _, s := range js.streams {
		for _, o := range s.consumers {
			o.release("409 Server Shutdown", true)
		}
	}
}

// restart forgets what a server does not keep.
func (js *jetStream) restart() {
	for _, s := range js.streams {
		s.restart()
	}
}
