package pipeline

// mark is what a message has besides its topic, payload and time: where it stands in its stream, and what goes with it
// to subscribers. Only messages of routes that want it have one, so that the others take no more memory for it. Marks
// are reused, as entries are.
type mark struct {
	past     past   // The message's own, as a message has one or the other.
	sequence uint64 // In its stream; 0: none.
	previous uint64 // Of the message of its topic that came before it; 0: not known.
	stream   uint32 // The stream's incarnation; 0: none.
	subject  string
	header   map[string][]string
	trace    Trace // nil: it is not traced.
	carried  int   // What subject and headers take, in bytes.
	next     *mark // On the free list.
}

// marks reports whether a message of the route keeps a mark.
func (c *RouteConfig) marks(m *Message) bool {
	return c.KeepSubject || m.Header != nil || m.Stream != 0 || m.Trace != nil
}

// noMark is that of messages without one. It is never written to.
var noMark mark

// marked returns the message's mark, to be read.
func (e *entry) marked() *mark {
	if e.mark == nil {
		return &noMark
	}
	return e.mark
}

// mark gives the message that has just come its mark: besides its payload it takes so many bytes.
func (r *Route) mark(e *entry, m *Message, topic uint64, besides int) {
	d := &r.pipeline.d
	own := d.freeMarks
	if own == nil {
		own = &mark{}
	} else {
		d.freeMarks = own.next
	}
	own.next, own.carried = nil, besides
	own.sequence, own.stream, own.subject, own.header = m.Sequence, m.Stream, m.Subject, m.Header
	own.trace = m.Trace
	if e.past != &noPast {
		own.past = *e.past
	}
	if m.Stream != 0 {
		own.previous = r.chain.came(m.Stream, topic, m.Sequence)
	}
	own.past.mark = own
	e.past = &own.past
}

// unmark takes the mark of a message that has ended, for reuse.
func (d *dispatcher) unmark(e *entry, o Outcome) {
	own := e.mark
	if own == nil {
		return
	}
	if own.stream != 0 && o != Published && o != Returned && o != Forgotten {
		e.lane.route.chain.broke(own.stream, hashOf(e.lane.topic), own.sequence)
	}
	if o != Published {
		d.endTrace(own.trace, o)
	}
	*own = mark{}
	if d.keptEntries < keptEntries { // There are no more marks than entries.
		own.next, d.freeMarks = d.freeMarks, own
	}
}

// carried returns how many bytes a message takes besides its payload.
func carried(m *Message) int {
	n := len(m.Subject)
	for name, values := range m.Header {
		n += len(name)
		for _, value := range values {
			n += len(value)
		}
	}
	return n
}

// weight is what the message takes in bytes.
func (e *entry) weight() int {
	if e.mark != nil {
		return len(e.payload) + e.mark.carried
	}
	return len(e.payload)
}
