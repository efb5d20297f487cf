package emulator

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"time"
)

// counts are what the emulator has seen.
type counts struct {
	accepted, bytes, untracked, inFlight int
	operations                           int
	opened, open                         int
	random                               int // Refused at random, before the settings were last changed.
	rejected                             map[int]int
}

func newCounts() counts { return counts{rejected: map[int]int{}} }

// Stats is a snapshot of what the emulator has seen.
type Stats struct {
	Accepted    int          `json:"accepted"`
	Rejected    map[int]int  `json:"rejected"`   // By status.
	Random429   int          `json:"random_429"` // Among those rejected: at random.
	Bytes       int          `json:"bytes"`      // Of accepted publishes.
	Operations  int          `json:"operations"` // One for each KB begun, of the publish and of each delivery.
	InFlight    int          `json:"in_flight"`
	Subscribers int          `json:"subscribers"` // Long polls under way.
	Topics      []TopicCount `json:"topics"`
	Untracked   int          `json:"untracked"` // Accepted for topics beyond those that are counted one by one.
	Connections Connections  `json:"connections"`
	Others      Others       `json:"others"`
}

// Others counts the publishes of others who use the quota, since the settings were last changed.
type Others struct {
	Accepted int `json:"accepted"`
	Refused  int `json:"refused"`
}

// TopicCount is what one topic has accepted.
type TopicCount struct {
	Cache    string `json:"cache"`
	Topic    string `json:"topic"`
	Accepted int    `json:"accepted"`
}

// Connections counts TCP connections.
type Connections struct {
	Opened int `json:"opened"`
	Open   int `json:"open"`
}

// Stats returns a snapshot, its topics sorted by name.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := Stats{
		Accepted: s.stats.accepted, Rejected: maps.Clone(
			s.stats.rejected), Bytes: s.stats.bytes, Operations: s.stats.operations, InFlight: s.stats.inFlight,
		Subscribers: s.polls, Topics: []TopicCount{}, Untracked: s.stats.untracked, Connections: Connections{s.stats.opened, s.stats.open},
	}
	if b := othersOf(s.limiter); b != nil {
		b.run(time.Now())
	}
	stats.Random429 = s.stats.random + RandomOf(s.limiter)
	stats.Others = OthersOf(s.limiter)
	for name, t := range s.topics {
		if t.accepted > 0 {
			stats.Topics = append(stats.Topics, TopicCount{name.cache, name.topic, t.accepted})
		}
	}
	slices.SortFunc(stats.Topics, func(a, b TopicCount) int {
		return cmp.Or(cmp.Compare(a.Cache, b.Cache), cmp.Compare(a.Topic, b.Topic))
	})
	return stats
}

func (s *Server) serveStats(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET")
		http.Error(w, "use GET", http.StatusMethodNotAllowed)
		return
	}
	writeJSON(w, http.StatusOK, s.Stats())
}
