package simulation

import "time"

// number returns the number of a new link.
func (w *World) number() int {
	w.last++
	return w.last
}

// delay is how long something takes on the network, one way.
func (w *World) delay() time.Duration {
	d := time.Duration(w.network.ExpFloat64() * float64(w.plan.latency))
	return w.plan.latency/4 + min(d, 20*w.plan.latency) + time.Duration(w.network.IntN(1000))
}

// dialed sees to a connection that a daemon wants.
func (w *World) dialed(d *dialing) {
	w.history.note(w.now(), "dial", int64(d.owner.id), int64(d.server))
	w.after(2*w.delay(), func() {
		w.stirred.Store(true)
		if err := w.unreachable(d); err != nil {
			w.history.note(w.now(), "refuse", int64(d.owner.id), int64(d.server))
			d.result <- dialed{err: err}
			return
		}
		l := newLink(w.number(), d.owner, d.server, w.poke)
		w.links = append(w.links, l)
		w.history.note(w.now(), "open", int64(l.id), int64(d.owner.id), int64(d.server))
		d.result <- dialed{link: l}
	})
}

// sent takes what a daemon has written on a link to the server, in one or several pieces.
func (w *World) sent(l *link, b []byte) {
	if l.server == toNATS {
		b = sorted(b)
		l.nats.sent(b)
	} else {
		w.endpoint.sent(l, b)
	}
	w.show(l, b)
	w.history.note(w.now(), "sent", int64(l.id), int64(len(b)), digest(b))
	for len(b) > 0 {
		n := len(b)
		if n > 1 && w.network.IntN(8) == 0 {
			n = 1 + w.network.IntN(n-1)
		}
		piece := b[:n]
		b = b[n:]
		l.there = max(w.now()+int64(w.delay()), l.there+1)
		w.queue.put(l.there, func() { w.arrive(l, piece) })
	}
}

// arrive gives a server what was sent.
func (w *World) arrive(l *link, b []byte) {
	if l.told {
		return
	}
	if l.server == toNATS {
		w.nats.receive(l, b)
	} else {
		w.endpoint.receive(l, len(b))
	}
}

// hungUp tells the server that a daemon has closed a link, after what was sent before.
func (w *World) hungUp(l *link) {
	w.history.note(w.now(), "hang up", int64(l.id))
	w.endpoint.left(l)
	if l.gone {
		return
	}
	l.there = max(w.now()+int64(w.delay()), l.there+1)
	w.queue.put(l.there, func() { w.ended(l) })
}

// ended tells the server that a link is closed.
func (w *World) ended(l *link) {
	if l.told {
		return
	}
	l.told = true
	if l.server == toNATS {
		w.nats.close(l)
	}
}

// answer sends what a server says to a daemon, and the end of the link after it if there is one.
func (w *World) answer(l *link, b []byte, after time.Duration, end error, seen func()) {
	l.back = max(w.now()+int64(after)+int64(w.delay()), l.back+1)
	w.queue.put(l.back, func() {
		if l.gone || l.finished != 0 {
			return
		}
		w.history.note(w.now(), "come", int64(l.id), int64(len(b)), digest(b))
		if seen != nil {
			seen()
		}
		l.deliver(b, end)
		if end != nil {
			w.history.note(w.now(), "end", int64(l.id))
		}
	})
}

// cut breaks a link: what is on its way to the daemon is lost, and what is on its way to the server may be, too.
func (w *World) cut(l *link, all bool) {
	if l.gone || l.finished != 0 {
		return
	}
	w.history.note(w.now(), "cut", int64(l.id))
	w.figures.Cuts++
	if l.server == toEndpoint {
		w.endpoint.broke(l)
	}
	if all {
		w.ended(l)
	} else {
		l.there = max(w.now()+int64(w.delay()), l.there+1)
		w.queue.put(l.there, func() { w.ended(l) })
	}
	l.gone = true
	l.reset()
}
