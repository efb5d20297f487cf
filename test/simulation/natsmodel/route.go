package natsmodel

// message is one on its way. Whoever keeps one copies its bytes.
type message struct {
	subject string
	reply   string
	header  []byte // As on the wire, with the empty line at its end; empty for none.
	data    []byte
	// deliveredAs is the subject that subscribers are told, where it is not that by which they are found.
	deliveredAs string
}

// route gives a message to subscribers and JetStream. Who asks for an answer learns that nobody is there to give one.
func (s *Server) route(from *conn, m *message) {
	n := s.deliver(from, m)
	if s.js != nil && s.js.take(from, m) {
		n++
	}
	if n == 0 && from != nil && m.reply != "" && from.options.NoResponders {
		from.noResponders(m)
	}
}

// deliver gives a message to all subscribers, but one of each queue group, and returns to how many.
func (s *Server) deliver(from *conn, m *message) int {
	found := s.subs.match(m.subject)
	n := 0
	for at, sub := range found {
		if sub == nil || from == sub.conn && !from.options.Echo {
			continue
		}
		if sub.queue != "" {
			sub = s.choose(from, found, at)
		}
		sub.deliver(m)
		n++
	}
	return n
}

// choose picks a member of the queue group of the subscription at a place, and takes the others out.
func (s *Server) choose(from *conn, found []*subscription, at int) *subscription {
	queue, members := found[at].queue, 0
	var chosen *subscription
	for i, sub := range found[at:] {
		if sub == nil || sub.queue != queue {
			continue
		}
		found[at+i] = nil
		if from == sub.conn && !from.options.Echo {
			continue
		}
		if members++; s.rand.IntN(members) == 0 {
			chosen = sub
		}
	}
	return chosen
}

func (sub *subscription) deliver(m *message) {
	sub.delivered++
	sub.conn.send(sub.sid, m)
	if sub.most > 0 && sub.delivered >= sub.most {
		sub.conn.unsubscribe(sub)
	}
}
