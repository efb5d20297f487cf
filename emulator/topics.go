package emulator

import (
	"encoding/base64"
	"net/http"
)

const (
	keptItems  = 1000      // Of each topic, for subscribers.
	keptBytes  = 256 << 10 // Of each topic.
	keptTopics = 100_000   // Topics beyond that are accepted and counted, but subscribers miss them.
	// page is the number of the only sequence page; it changes when a server loses its memory.
	page = 1
)

// topicState is what a topic remembers: its count, and a tail for subscribers.
type topicState struct {
	accepted int
	waiting  int // Long polls.
	items    []item
	bytes    int
	arrived  chan struct{} // Closed at the next publish, while somebody waits.
}

type item struct {
	Sequence int               `json:"topic_sequence_number"`
	Page     int               `json:"sequence_page"`
	Value    map[string]string `json:"value"`
	size     int
}

// accept counts a publish and hands it to subscribers.
func (s *Server) accept(name topicName, r *http.Request, body []byte) {
	if s.cfg.OnAccept != nil {
		s.cfg.OnAccept(name.cache, name.topic, body)
	}
	value := map[string]string{"text": string(body)}
	if !isText(r.Header.Get("Content-Type")) {
		value = map[string]string{"binary": base64.StdEncoding.EncodeToString(body)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.accepted++
	s.stats.bytes += len(body)
	t := s.topic(name)
	if t == nil {
		s.stats.untracked++
		return
	}
	t.accepted++
	t.keep(item{Sequence: t.accepted, Page: page, Value: value, size: len(body)})
}

// topic returns the state of a topic, or nil when there are too many.
func (s *Server) topic(name topicName) *topicState {
	t := s.topics[name]
	if t == nil && len(s.topics) < keptTopics {
		t = &topicState{}
		s.topics[name] = t
	}
	return t
}

func (t *topicState) keep(i item) {
	t.items = append(t.items, i)
	t.bytes += i.size
	for len(t.items) > keptItems || t.bytes > keptBytes && len(t.items) > 1 {
		t.bytes -= t.items[0].size
		t.items[0] = item{}
		t.items = t.items[1:]
	}
	if t.arrived != nil {
		close(t.arrived)
		t.arrived = nil
	}
}

// since returns the items from a sequence number on; the first may be the note of a gap.
func (t *topicState) since(sequence int) []map[string]any {
	var list []map[string]any
	for _, i := range t.items {
		if i.Sequence < sequence {
			continue
		}
		if len(list) == 0 && i.Sequence > sequence {
			list = append(list, discontinuity(sequence-1, i.Sequence))
		}
		list = append(list, map[string]any{"item": i})
	}
	return list
}

func discontinuity(last, next int) map[string]any {
	return map[string]any{"discontinuity": map[string]int{
		"last_topic_sequence": last, "new_topic_sequence": next, "new_sequence_page": page,
	}}
}
