package pipeline

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// keeping keeps dead letters.
type keeping struct {
	mu   sync.Mutex
	kept []Rejection
}

func (k *keeping) Keep(_ *Message, r Rejection) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept = append(k.kept, r)
	return nil
}

// told remembers what sources are told.
type told struct {
	mu       sync.Mutex
	outcomes map[Outcome]int
}

func (s *told) Settle(_ any, o Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outcomes[o]++
}

func TestMessagesWithoutBytesEndAsTheRouteSays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		empty   Empty
		batch   Framing
		letters bool
		payload string // All that is published, each publish between bars.
		settled map[Outcome]uint64
		told    map[Outcome]int
		skipped uint64
	}{
		{"publish", EmptyPublished, nil, false, "|a||b|", map[Outcome]uint64{Published: 3}, map[Outcome]int{Published: 3}, 0},
		{"publish, lines", EmptyPublished, lines{}, false, "|a\n\nb\n|", map[Outcome]uint64{Published: 3}, map[Outcome]int{Published: 3}, 0},
		{"skip", EmptySkipped, nil, false, "|a|b|", map[Outcome]uint64{Published: 2, Dropped: 1}, map[Outcome]int{Published: 2, Skipped: 1}, 1},
		{"skip, lines", EmptySkipped, lines{}, true, "|a\nb\n|", map[Outcome]uint64{Published: 2, Dropped: 1}, map[Outcome]int{Published: 2, Skipped: 1}, 1},
		{"dead letter", EmptyRejected, nil, true, "|a|b|", map[Outcome]uint64{Published: 2, DeadLettered: 1}, map[Outcome]int{Published: 2, DeadLettered: 1}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var all strings.Builder
				all.WriteString("|")
				sink := fakeSink(func(r *Request) Answer {
					all.Write(r.Payload)
					all.WriteString("|")
					return accept()
				})
				letters, settler := &keeping{}, &told{outcomes: map[Outcome]int{}}
				rc := RouteConfig{Name: "r", Cache: "c", Ordered: true, MaxPayload: 100, Empty: tt.empty, Settler: settler}
				rc.Batch.Framing, rc.Batch.MaxBytes = tt.batch, 100
				if tt.letters {
					rc.DeadLetters = letters
				}
				p := build(Config{Workers: 1, Routes: []RouteConfig{rc}}, sink)
				for _, payload := range []string{"a", "", "b"} {
					p.Route(0).Submit(Message{Topic: "t", Payload: []byte(payload)})
				}
				p.Route(0).Close()
				p.Run(t.Context())
				checkLedger(t, p)
				if got := all.String(); got != tt.payload {
					t.Errorf("published %q, want %q", got, tt.payload)
				}
				stats := p.Stats().Routes[0]
				for o, n := range stats.Settled {
					if n != tt.settled[o] {
						t.Errorf("%d settled as %v, want %d", n, o, tt.settled[o])
					}
				}
				for _, o := range append(Outcomes[:], Skipped) {
					if n := settler.outcomes[o]; n != tt.told[o] {
						t.Errorf("%d sources told %v, want %d", n, o, tt.told[o])
					}
				}
				if stats.Skipped != tt.skipped || stats.Received != 3 {
					t.Errorf("%d skipped of %d, want %d of 3", stats.Skipped, stats.Received, tt.skipped)
				}
				for _, r := range letters.kept {
					if r.Reason != "empty" || r.Attempts != 0 {
						t.Errorf("a dead letter with %+v", r)
					}
				}
			})
		})
	}
}
