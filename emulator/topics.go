package emulator

import (
	"encoding/base64"
	"net/http"
)

const (
	keptItems  = 1000      // Of each topic, for subscribers.
	keptBytes  = 256 << 10 // Of each topic.
	keptTopics = 100_000   // Topics beyond that are accepted and counted, but subscribers miss them.
)

// topicState is what a topic remembers: its count, and a tail for subscribers.
type topicState struct {
	accepted int
	last     uint64 // The sequence number of the newest item; 0: there was none on this page.
	items    []item
	bytes    int
	arrived  chan struct{} // Closed at the next publish, while somebody waits.
}

type item struct {
	Sequence  uint64            `json:"topic_sequence_number"`
	Page      uint64            `json:"sequence_page"`
	Value     map[string]string `json:"value"`
	Publisher string            `json:"publisher_id,omitempty"`
	size      int
}

// accept counts a publish and hands it to subscribers.
func (s *Server) accept(name topicName, r *http.Request, body []byte, publisher string) {
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
	t.last++
	t.keep(item{Sequence: t.last, Page: s.settings.page(), Value: value, Publisher: publisher, size: len(body)})
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

// begin forgets what the topic had, as on a new page.
func (t *topicState) begin() {
	t.last, t.items, t.bytes = 0, nil, 0
	t.wake()
}

func (t *topicState) keep(i item) {
	t.items = append(t.items, i)
	t.bytes += i.size
	for len(t.items) > keptItems || t.bytes > keptBytes && len(t.items) > 1 {
		t.bytes -= t.items[0].size
		t.items[0] = item{}
		t.items = t.items[1:]
	}
	t.wake()
}

func (t *topicState) wake() {
	if t.arrived != nil {
		close(t.arrived)
		t.arrived = nil
	}
}
