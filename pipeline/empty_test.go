package pipeline_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"momento-bridge/pipeline"
)

// keeping keeps dead letters.
type keeping struct {
	mu   sync.Mutex
	kept []pipeline.Rejection
}

func (k *keeping) Keep(_ *pipeline.Message, r pipeline.Rejection) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept = append(k.kept, r)
	return nil
}

// told remembers what sources are told.
type told struct {
	mu       sync.Mutex
	outcomes map[pipeline.Outcome]int
}

func (s *told) Settle(_ any, o pipeline.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outcomes[o]++
}

func TestMessagesWithoutBytesEndAsTheRouteSays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		empty   pipeline.Empty
		batch   pipeline.Framing
		letters bool
		payload string // All that is published, each publish between bars.
		settled map[pipeline.Outcome]uint64
		told    map[pipeline.Outcome]int
		skipped uint64
	}{
		{
			"publish", pipeline.EmptyPublished, nil, false, "|a||b|",
			map[pipeline.Outcome]uint64{pipeline.Published: 3},
			map[pipeline.Outcome]int{pipeline.Published: 3},
			0,
		},
		{
			"publish, lines", pipeline.EmptyPublished,
			lines{},
			false, "|a\n\nb\n|",
			map[pipeline.Outcome]uint64{pipeline.Published: 3},
			map[pipeline.Outcome]int{pipeline.Published: 3},
			0,
		},
		{"skip", pipeline.EmptySkipped, nil, false, "|a|b|", map[pipeline.Outcome]uint64{
			pipeline.Published: 2,
			pipeline.Dropped:   1,
		}, map[pipeline.Outcome]int{pipeline.Published: 2, pipeline.Skipped: 1}, 1},
		{
			"skip, lines", pipeline.EmptySkipped,
			lines{},
			true, "|a\nb\n|",
			map[pipeline.Outcome]uint64{
				pipeline.Published: 2,
				pipeline.Dropped:   1,
			},
			map[pipeline.Outcome]int{pipeline.Published: 2, pipeline.Skipped: 1},
			1,
		},
		{"dead letter", pipeline.EmptyRejected, nil, true, "|a|b|", map[pipeline.Outcome]uint64{
			pipeline.Published:    2,
			pipeline.DeadLettered: 1,
		}, map[pipeline.Outcome]int{pipeline.Published: 2, pipeline.DeadLettered: 1}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var all strings.Builder
				all.WriteString("|")
				sink := fakeSink(func(r *pipeline.Request) pipeline.Answer {
					all.Write(r.Payload)
					all.WriteString("|")
					return accept()
				})
				letters, settler := &keeping{}, &told{outcomes: map[pipeline.Outcome]int{}}
				rc := pipeline.RouteConfig{
					Name: "r", Cache: "c", Ordered: true, MaxPayload: 100, Empty: tt.empty,
					Settler: settler,
				}
				rc.Batch.Framing, rc.Batch.MaxBytes = tt.batch, 100
				if tt.letters {
					rc.DeadLetters = letters
				}
				p := build(pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{rc}}, sink)
				for _, payload := range []string{"a", "", "b"} {
					p.Route(0).Submit(pipeline.Message{Topic: "t", Payload: []byte(payload)})
				}
				p.Route(0).Close()
				p.Run(t.Context())
				checkLedger(t, p)
				if got := all.String(); got != tt.payload {
					t.Errorf("published %q, want %q", got, tt.payload)
				}
				stats := p.Stats().Routes[0]
				for o, n := range stats.Settled.All() {
					if n != tt.settled[o] {
						t.Errorf("%d settled as %v, want %d", n, o, tt.settled[o])
					}
				}
				for _, o := range append(pipeline.Outcomes[:], pipeline.Skipped) {
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
