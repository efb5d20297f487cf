package emulator

import (
	"net/http"
	"net/url"
	"strconv"
)

// poll answers a long poll: it waits until the topic has an item with the requested sequence number or a later one.
// Sequence 0 means from now on.
func (s *Server) poll(w http.ResponseWriter, r *http.Request, t target) {
	if why := s.admit(r, t); why != nil {
		s.refuse(w, why)
		return
	}
	sequence, err1 := number(t.query, "sequence_number")
	asked, err2 := number(t.query, "sequence_page")
	if err1 != nil || err2 != nil {
		s.refuse(w, &refusal{
			http.StatusBadRequest, "invalid_argument",
			"sequence_number and sequence_page must be whole numbers",
		})
		return
	}
	if items := s.await(r, t.name, sequence, asked); items != nil {
		writeJSON(w, http.StatusOK, map[string]any{"items": items})
	}
}

// await returns the items, or nil when the client has gone or the emulator stops.
func (s *Server) await(r *http.Request, name topicName, sequence, asked int) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.topic(name)
	if t == nil {
		return nil
	}
	switch {
	case sequence == 0:
		sequence = t.accepted + 1
	case asked != 0 && asked != page || sequence > t.accepted+1:
		return []map[string]any{discontinuity(sequence-1, t.accepted+1)}
	}
	for {
		if items := t.since(sequence); len(items) > 0 {
			return items
		}
		if t.arrived == nil {
			t.arrived = make(chan struct{})
		}
		if !s.park(r, t) {
			return nil
		}
	}
}

// park waits, without the mutex, for the topic's next publish.
func (s *Server) park(r *http.Request, t *topicState) bool {
	arrived := t.arrived
	t.waiting++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		t.waiting--
	}()
	select {
	case <-arrived:
		return true
	case <-r.Context().Done():
	case <-s.stop:
	}
	return false
}

// number reads a whole number of a query; a missing one is 0.
func number(query url.Values, name string) (int, error) {
	if !query.Has(name) {
		return 0, nil
	}
	n, err := strconv.ParseUint(query.Get(name), 10, 31)
	return int(n), err
}
