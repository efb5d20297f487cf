package simulation

import (
	"fmt"
	"time"
)

func topicName(i int) string { return fmt.Sprintf("t%d", i) }

// publish has bursts of messages come on a route until a time.
func (w *World) publish(r *route, until int64) {
	if w.now() >= until {
		return
	}
	w.burst(r)
	w.after(time.Duration(w.traffic.ExpFloat64()*float64(w.plan.pace)), func() { w.publish(r, until) })
}

// burst publishes some messages of a route, most of them of a few topics.
func (w *World) burst(r *route) {
	n := 1 + w.traffic.IntN(r.burst)
	for range n {
		topic := w.traffic.IntN(r.topics)
		if w.traffic.IntN(2) == 0 {
			topic = 0
		}
		w.message(r, topicName(topic))
	}
	w.nats.flush()
}

// message publishes a message.
func (w *World) message(r *route, topic string) {
	t := &w.truth
	r.places++
	m := &message{id: len(t.messages), route: r, topic: topic, place: r.places}
	size := markLength + w.traffic.IntN(300)
	switch x := w.traffic.IntN(400); {
	case x == 0:
		m.fate, size = fateLarge, r.most+1+w.traffic.IntN(5000)
	case x <= 3 && r.letters:
		m.fate = fateReject
	case x < 10:
		size = 1000 + w.traffic.IntN(3000)
	}
	if r.format == "json" || r.format == "packed" || r.format == "lines" || r.format == "length-prefixed" {
		size = min(size, 3000)
		if m.fate == fateLarge {
			m.fate = fateAccept
		}
	}
	t.messages = append(t.messages, m)
	w.figures.Published++
	payload := m.payload(size, 'a'+byte(m.id%26))
	if r.format == "json" {
		payload = append(append([]byte{'"'}, payload...), '"')
	}
	before, _ := w.nats.server.Stream(r.stream)
	w.nats.server.Publish(w.time(w.now()), r.name+"."+topic, nil, payload)
	if after, _ := w.nats.server.Stream(r.stream); r.stream != "" && after.Last == before.Last {
		m.forgotten = true // It was not stored, as the publisher would be told.
	}
	if !m.forgotten {
		r.latest[topic] = m
	}
	w.history.note(w.now(), "publish", int64(m.id), int64(len(payload)))
}
