package natsmodel

import "time"

// wishes is what a message's header asks of JetStream.
type wishes struct {
	id        string
	duplicate uint64 // The sequence of the message that was first.
	rollup    string
	ttl       time.Duration
}

// wishesOf reads a header, and checks what it expects.
func (s *stream) wishesOf(m *message) (w wishes, err *apiError) {
	if want, ok := headerValue(m.header, headerStream); ok && want != s.cfg.Name {
		return w, errStreamNotMatch
	}
	ttl, ok := ttlOf(m.header)
	_, asked := headerValue(m.header, headerTTL)
	if asked && !s.cfg.AllowMsgTTL {
		return w, errTTLDisabled
	}
	if !ok {
		return w, errTTLInvalid
	}
	w.ttl = ttl
	if err := s.expected(m); err != nil {
		return w, err
	}
	if w.id, _ = headerValue(m.header, headerMsgID); w.id != "" {
		if w.duplicate = s.known(w.id); w.duplicate > 0 {
			return w, nil
		}
	}
	if want, ok := headerValue(m.header, headerLastMsgID); ok && want != "" && want != s.lastID {
		return w, errWrongMsgID(s.lastID)
	}
	w.rollup, _ = headerValue(m.header, headerRollup)
	switch {
	case w.rollup == "":
	case !s.cfg.AllowRollup || s.cfg.DenyPurge:
		return w, errRollup("rollup not permitted")
	case w.rollup != "sub" && w.rollup != "all":
		return w, errRollup("rollup value invalid: \"" + w.rollup + "\"")
	}
	return w, nil
}

// expected checks the sequences that a message expects to be last.
func (s *stream) expected(m *message) *apiError {
	if want, ok := headerNumber(m.header, headerSubjectSequence); ok {
		subject := m.subject
		if other, ok := headerValue(m.header, headerSubjectOf); ok && other != "" {
			subject = other
		}
		last := uint64(0)
		if m := s.store.lastOf(subject); m != nil {
			last = m.seq
		}
		if last != want {
			return errWrongLast(last)
		}
	}
	if want, ok := headerNumber(m.header, headerLastSequence); ok && want != s.store.last {
		return errWrongLast(s.store.last)
	}
	return nil
}

// rollUp removes what a message replaces.
func (s *stream) rollUp(m *stored, what string) {
	switch what {
	case "sub":
		s.purge(m.subject, m.seq, 0)
	case "all":
		s.purge("", m.seq, 0)
	}
}
