package emulator

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// position is what a subscriber asks for.
type position struct{ sequence, page uint64 }

// found is what an answer to a long poll holds, besides the note of a break before it.
type found struct {
	note  map[string]any // nil: there is none.
	items []item
}

// poll answers a long poll: it waits until the topic has an item with the requested sequence number or a later one.
func (s *Server) poll(w http.ResponseWriter, r *http.Request, t target) {
	if _, why := s.admit(r, t); why != nil {
		s.refuse(w, why)
		return
	}
	sequence, err1 := number(t.query, "sequence_number")
	page, err2 := number(t.query, "sequence_page")
	if err1 != nil || err2 != nil {
		s.refuse(w, &refusal{
			http.StatusBadRequest, "invalid_argument",
			"sequence_number and sequence_page must be whole numbers of 64 bits",
		})
		return
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil { // Before that nobody notices that the client goes away.
		brokenBody(w)
		return
	}
	if why := s.subscribe(); why != nil {
		s.refuse(w, why)
		return
	}
	defer s.unsubscribe()
	f, why := s.await(r, t.name, position{sequence, page})
	if why != nil {
		s.refuse(w, why)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"items": f.list()})
}

// subscribe begins a long poll, unless there are as many as may be.
func (s *Server) subscribe() *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	if limit := s.settings.limit(); limit >= 0 && s.polls >= limit {
		return &refusal{
			http.StatusTooManyRequests, "topic_subscriptions_limit_exceeded",
			"Too many subscribers (limit: " + strconv.Itoa(limit) + ")",
		}
	}
	s.polls++
	return nil
}

func (s *Server) unsubscribe() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.polls--
}

// await returns what there is to answer; nothing when the client has gone, the emulator stops or the time is over.
func (s *Server) await(r *http.Request, name topicName, asked position) (*found, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topic(name)
	if t == nil {
		return nil, &refusal{
			http.StatusInternalServerError, "internal", "the emulator lets nobody subscribe to more than " +
				strconv.Itoa(keptTopics) + " topics",
		}
	}
	var over <-chan time.Time
	if s.settings.PollTimeout > 0 {
		timer := time.NewTimer(s.settings.PollTimeout)
		defer timer.Stop()
		over = timer.C
	}
	for {
		f := s.find(t, asked)
		if f.note != nil || len(f.items) > 0 {
			s.deliver(r, f.items)
			return f, nil
		}
		if asked.sequence == 0 { // From here on: what comes while this poll waits must not be missed.
			asked = position{t.last + 1, s.settings.page()}
		}
		if !s.park(r, t, over) {
			return &found{}, nil
		}
	}
}

// park waits, without the mutex, for the topic's next publish.
func (s *Server) park(r *http.Request, t *topicState, over <-chan time.Time) bool {
	if t.arrived == nil {
		t.arrived = make(chan struct{})
	}
	arrived := t.arrived
	s.mu.Unlock()
	defer s.mu.Lock()
	select {
	case <-arrived:
		return true
	case <-over:
	case <-r.Context().Done():
	case <-s.stop:
	}
	return false
}

// find returns what a topic has for a position; nothing: the subscriber has to wait.
func (s *Server) find(t *topicState, asked position) *found {
	latest := slices.Clone(t.items[max(0, len(t.items)-1):])
	if s.settings.FromZero == Now && asked.sequence == 0 {
		latest = nil
	}
	switch page := s.settings.page(); {
	case asked.page != 0 && asked.page != page, asked.sequence > t.last+1:
		return &found{s.discontinuity(0, t.last+1-uint64(len(latest))), latest}
	case asked.sequence == 0:
		return &found{items: latest}
	}
	if len(t.items) == 0 || asked.sequence > t.last {
		return &found{}
	}
	first := t.items[0].Sequence
	if asked.sequence < first {
		return &found{s.discontinuity(asked.sequence-1, first), slices.Clone(t.items)}
	}
	return &found{items: slices.Clone(t.items[asked.sequence-first:])}
}

// discontinuity is the note of a break; a last number of 0 is not known.
func (s *Server) discontinuity(last, next uint64) map[string]any {
	if s.settings.NewSequence == Before {
		next--
	}
	return map[string]any{"discontinuity": map[string]uint64{
		"last_topic_sequence": last, "new_topic_sequence": next, "new_sequence_page": s.settings.page(),
	}}
}

// list is the answer's list.
func (f *found) list() []map[string]any {
	list := []map[string]any{}
	if f.note != nil {
		list = append(list, f.note)
	}
	for _, i := range f.items {
		list = append(list, map[string]any{"item": i})
	}
	return list
}

// number reads a whole number of a query; a missing one is 0.
func number(query url.Values, name string) (uint64, error) {
	if !query.Has(name) {
		return 0, nil
	}
	return strconv.ParseUint(query.Get(name), 10, 64)
}
