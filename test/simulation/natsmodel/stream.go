package natsmodel

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// stream is one stream with its consumers.
type stream struct {
	js         *jetStream
	cfg        streamConfig
	created    time.Time
	store      *store
	consumers  []*consumer // In the order of their names.
	pushes     []*consumer // Those that push.
	ids        map[string]uint64
	idOrder    []seenID
	lastID     string
	age        timer
	leaderless bool
	terms      int // How often the leader has changed.
	election   timer
}

// seenID is a message's own name, which is refused again for a while.
type seenID struct {
	id string
	at time.Time
}

func (js *jetStream) newStream(cfg *streamConfig) *stream {
	s := &stream{
		js: js, cfg: *cfg, created: js.server.now, store: newStore(cfg.Storage == memoryStorage),
		ids: map[string]uint64{},
	}
	if cfg.FirstSeq > 0 {
		s.store.last, s.store.first = cfg.FirstSeq-1, cfg.FirstSeq
	}
	s.age.due, s.election.due = s.expire, s.elected
	at, _ := js.find(cfg.Name)
	js.streams = slices.Insert(js.streams, at, s)
	return s
}

// consumer returns a consumer; nil if there is none of that name.
func (s *stream) consumer(name string) *consumer {
	if at, ok := s.find(name); ok {
		return s.consumers[at]
	}
	return nil
}

func (s *stream) find(name string) (int, bool) {
	return slices.BinarySearchFunc(s.consumers, name, func(o *consumer, name string) int {
		return strings.Compare(o.name, name)
	})
}

// publish stores a message, or does not, and says so to whoever wants to know.
func (s *stream) publish(m *message) {
	seq, duplicate, err := s.accept(m)
	if m.reply == "" || s.cfg.NoAck {
		return
	}
	if err != nil {
		text, _ := json.Marshal(struct {
			Error  *apiError `json:"error"`
			Stream string    `json:"stream"`
			Seq    uint64    `json:"seq"`
		}{err, s.cfg.Name, 0})
		s.js.answer(m.reply, nil, text)
		return
	}
	text := make([]byte, 0, 64+len(s.cfg.Name))
	text = append(text, `{"stream":`...)
	text = strconv.AppendQuote(text, s.cfg.Name)
	text = append(text, `,"seq":`...)
	text = strconv.AppendUint(text, seq, 10)
	if duplicate {
		text = append(text, `,"duplicate": true`...)
	}
	s.js.answer(m.reply, nil, append(text, '}'))
}

// accept stores a message if it may. A duplicate has the sequence of the first.
func (s *stream) accept(m *message) (seq uint64, duplicate bool, err *apiError) {
	if s.cfg.Sealed {
		return 0, false, errSealed
	}
	if s.cfg.MaxMsgSize >= 0 && len(m.header)+len(m.data) > int(s.cfg.MaxMsgSize) {
		return 0, false, errMsgTooLarge
	}
	if len(m.header) > 1<<16-1 {
		return 0, false, errHeaderTooLarge
	}
	var wants wishes
	if len(m.header) > 0 {
		if wants, err = s.wishesOf(m); err != nil {
			return 0, false, err
		}
		if wants.duplicate > 0 {
			return wants.duplicate, true, nil
		}
	}
	if s.cfg.Retention == interestRetention && !s.wanted(m.subject) {
		s.store.skip(s.js.server.now)
		s.note(wants.id, s.store.last)
		return s.store.last, false, nil
	}
	if err := s.makeRoom(m); err != nil {
		return 0, false, err
	}
	stored := s.store.add(s.js.server.now, m.subject, m.header, m.data)
	if wants.ttl > 0 {
		stored.ends = stored.at.Add(wants.ttl)
	}
	s.note(wants.id, stored.seq)
	s.signal(stored)
	s.limit(m.subject)
	s.rollUp(stored, wants.rollup)
	s.watchAge(stored)
	return stored.seq, false, nil
}

// signal tells consumers of a new message.
func (s *stream) signal(m *stored) {
	for _, o := range s.consumers {
		if anyMatches(o.filters, m.subject) {
			o.pendingCount++
			o.wake()
		}
	}
}

// wanted reports whether a consumer takes a subject.
func (s *stream) wanted(subject string) bool {
	return slices.ContainsFunc(s.consumers, func(o *consumer) bool { return anyMatches(o.filters, subject) })
}

// note remembers a message's own name.
func (s *stream) note(id string, seq uint64) {
	s.lastID = id
	if id != "" && s.cfg.Duplicates > 0 {
		s.ids[id] = seq
		s.idOrder = append(s.idOrder, seenID{id, s.js.server.now})
	}
}

// known returns the sequence of the message with a name of its own; 0 if there was none lately.
func (s *stream) known(id string) uint64 {
	old := 0
	for old < len(s.idOrder) && s.js.server.now.Sub(s.idOrder[old].at) >= s.cfg.Duplicates {
		delete(s.ids, s.idOrder[old].id)
		old++
	}
	if old > 0 {
		s.idOrder = slices.Delete(s.idOrder, 0, old)
	}
	return s.ids[id]
}

// remove takes a message out, and tells the consumers that wait for it or have delivered it.
func (s *stream) remove(seq uint64) bool {
	m := s.store.remove(seq)
	if m == nil {
		return false
	}
	for _, o := range s.consumers {
		o.removed(m)
	}
	return true
}

// acked removes a message that nobody needs any more.
func (s *stream) acked(seq uint64) {
	if s.cfg.Retention == limitsRetention {
		return
	}
	m := s.store.get(seq)
	if m == nil {
		return
	}
	for _, o := range s.consumers {
		if o.needs(m) {
			return
		}
	}
	s.remove(seq)
}

// restart is what becomes of a stream whose server is started again: consumers that are kept in memory are gone.
func (s *stream) restart() {
	s.js.server.timers.stop(&s.election)
	s.leaderless = false
	for _, o := range slices.Clone(s.consumers) {
		if o.cfg.Durable == "" && o.cfg.MemoryStorage || o.cfg.Direct {
			o.delete("")
			continue
		}
		o.recent = o.recent[:0] // It is written down when a server stops.
		o.lead()
	}
	if s.cfg.Storage == memoryStorage {
		s.store = newStore(true)
	}
}
