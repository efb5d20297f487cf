package natsmodel

import (
	"math"
	"slices"
	"time"
)

// makeRoom refuses a message that a stream has no room for which discards what is new.
func (s *stream) makeRoom(m *message) *apiError {
	c := &s.cfg
	if c.Discard != discardNew {
		return nil
	}
	var oldest *stored // Of the subject, if a message makes room for the new one.
	if of := s.store.subjects[m.subject]; c.MaxPerSubject > 0 && int64(len(of)) >= c.MaxPerSubject {
		if _, rolls := headerValue(m.header, headerRollup); c.DiscardNewPer && !rolls {
			return errNotStored("maximum messages per subject exceeded")
		}
		oldest = s.store.get(of[0])
	}
	if c.MaxMsgs > 0 && int64(s.store.live) >= c.MaxMsgs && oldest == nil {
		return errNotStored("maximum messages exceeded")
	}
	size := s.store.sizeOf(m.subject, m.header, m.data)
	if c.MaxBytes > 0 && int64(s.store.bytes+size) > c.MaxBytes && (oldest == nil || oldest.size < size) {
		return errNotStored("maximum bytes exceeded")
	}
	return nil
}

// limit removes the oldest of what there is too much of.
func (s *stream) limit(subject string) {
	c := &s.cfg
	if c.MaxPerSubject > 0 {
		for of := s.store.subjects[subject]; int64(len(of)) > c.MaxPerSubject; of = s.store.subjects[subject] {
			s.remove(of[0])
		}
	}
	for s.store.live > 0 && (c.MaxMsgs > 0 && int64(s.store.live) > c.MaxMsgs ||
		c.MaxBytes > 0 && int64(s.store.bytes) > c.MaxBytes) {
		s.remove(s.store.oldest().seq)
	}
}

// watchAge sets the timer for the end of a message, if it comes first.
func (s *stream) watchAge(m *stored) {
	end := s.endOf(m)
	if !end.IsZero() && (s.age.index == 0 || end.Before(s.age.at)) {
		s.js.server.timers.set(&s.age, end)
	}
}

// endOf is when a message is removed; zero: never.
func (s *stream) endOf(m *stored) time.Time {
	if !m.ends.IsZero() {
		return m.ends
	}
	if s.cfg.MaxAge > 0 {
		return m.at.Add(s.cfg.MaxAge)
	}
	return time.Time{}
}

// expire removes what is too old.
func (s *stream) expire() {
	now := s.js.server.now
	var next time.Time
	for at := s.store.head; at < len(s.store.entries); at++ {
		m := s.store.entries[at].m
		if m == nil {
			continue
		}
		end := s.endOf(m)
		if !end.IsZero() && !end.After(now) {
			before := len(s.store.entries)
			s.remove(m.seq)
			if len(s.store.entries) != before {
				at = s.store.head - 1 // What is left was moved.
			}
			continue
		}
		if !end.IsZero() && (next.IsZero() || end.Before(next)) {
			next = end
		}
		if s.cfg.MaxAge > 0 && !s.cfg.AllowMsgTTL {
			break // The others are younger.
		}
	}
	if !next.IsZero() {
		s.js.server.timers.set(&s.age, next)
	}
}

// purge removes what a filter takes, "" for everything, before a sequence, 0 for all, and keeps so many of them.
func (s *stream) purge(filter string, before, keep uint64) uint64 {
	var filters []string
	if filter != "" {
		filters = []string{filter}
	}
	all := filter == "" && before == 0 && keep == 0
	if before == 0 {
		before = math.MaxUint64
	}
	var gone []uint64
	for _, e := range s.store.entries[s.store.head:] {
		if e.m != nil && e.seq < before && anyMatches(filters, e.m.subject) {
			gone = append(gone, e.seq)
		}
	}
	gone = gone[:len(gone)-int(min(keep, uint64(len(gone))))]
	for _, seq := range gone {
		s.store.remove(seq)
	}
	if all {
		s.store.first = s.store.last + 1
	}
	start := s.store.first
	if filter != "" {
		start = 0
		if m := s.store.next(s.store.first, filters); m != nil {
			start = m.seq
		}
	}
	for _, o := range slices.Clone(s.consumers) {
		o.purged(filter, start)
	}
	return uint64(len(gone))
}
