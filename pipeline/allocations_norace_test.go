//go:build !race

package pipeline_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"momento-bridge/pipeline"
)

// signals is a settler that says when so many messages have been published.
type signals struct {
	mu   sync.Mutex
	left int
	done chan struct{} // One slot.
}

func (s *signals) expect(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = n
}

func (s *signals) Settle(_ any, o pipeline.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o != pipeline.Published {
		return
	}
	if s.left--; s.left == 0 {
		s.done <- struct{}{}
	}
}

// The entries, the parcels and the lists on a message's way are used again.
func TestCarryingAMessageAllocatesNothing(t *testing.T) {
	carryWithoutAllocating(t, nil, len(ways))
}

// A message that the tracer has not chosen is as one without a tracer.
func TestCarryingAMessageThatIsNotTracedAllocatesNothing(t *testing.T) {
	carryWithoutAllocating(t, &fakeTracer{}, 1)
}

// carryWithoutAllocating carries messages in the first of the ways.
func carryWithoutAllocating(t *testing.T, tracer pipeline.Tracer, first int) {
	t.Helper()
	for _, way := range ways[:first] {
		for _, burst := range []int{1, 64} {
			t.Run(way.name+map[bool]string{true: ", one at a time", false: ", many at once"}[burst == 1],
				func(t *testing.T) {
					done := &signals{done: make(chan struct{}, 1)}
					p := build(pipeline.Config{
						Workers: way.workers, InFlight: way.inFlight, Tracer: tracer,
						Routes: []pipeline.RouteConfig{{Settler: done}},
					}, instant{})
					hard, cancel := context.WithCancel(t.Context())
					var running sync.WaitGroup
					running.Go(func() { p.Run(hard) })
					names, payload := topicNames(16), make([]byte, 256)
					carry := func() {
						done.expect(burst)
						for i := range burst {
							p.Route(0).Submit(pipeline.Message{
								Topic: names[i%len(names)], Payload: payload,
								Time: time.Now(), Handle: p,
							})
						}
						<-done.done
					}
					for range 1000 {
						carry()
					}
					if n := testing.AllocsPerRun(1000, carry); n != 0 {
						t.Errorf("%g allocations for %d messages, want none", n, burst)
					}
					p.Route(0).Close()
					running.Wait()
					cancel()
				})
		}
	}
}

// A snapshot is taken each second, of a thousand routes as of one.
func TestSnapshotAllocatesNothingForARoute(t *testing.T) {
	allocations := func(routes int) float64 {
		p := build(pipeline.Config{Routes: make([]pipeline.RouteConfig, routes)}, instant{})
		var s pipeline.Stats
		return testing.AllocsPerRun(100, func() { p.StatsInto(&s) })
	}
	if one, many := allocations(1), allocations(500); many != one {
		t.Errorf("%g allocations for 500 routes, %g for one", many, one)
	}
}

// Marks, packers and buffers are used again.
func TestPackingAMessageAllocatesNothing(t *testing.T) {
	done, r := &signals{done: make(chan struct{}, 1)}, packed(4096)
	r.Settler = done
	p := build(pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{r}}, instant{})
	hard, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { p.Run(hard) })
	payload, sequence := make([]byte, 256), 0
	carry := func() {
		done.expect(64)
		for range 64 {
			sequence++
			p.Route(0).Submit(pipeline.Message{
				Topic: "a", Payload: payload, Time: time.Now(), Handle: p, Stream: 7, Sequence: uint64(sequence),
			})
		}
		<-done.done
	}
	for range 300 {
		carry()
	}
	if n := testing.AllocsPerRun(300, carry); n >= 1 {
		t.Errorf("%g allocations for 64 messages, want none", n)
	}
	p.Route(0).Close()
	running.Wait()
}
