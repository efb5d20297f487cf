package pipeline_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/batch"
	"momento-bridge/batch/corpus"
	"momento-bridge/pipeline"
)

// packed is a route that packs, ordered and with a stream.
func packed(maxBytes int) pipeline.RouteConfig {
	return pipeline.RouteConfig{
		Ordered: true, Batch: pipeline.BatchConfig{Packing: &batch.Packing{}, MaxBytes: maxBytes},
	}
}

// placed is a message of a topic with a place in stream 7; its handle is its sequence.
func placed(topic string, payload []byte, sequence int) pipeline.Message {
	return pipeline.Message{
		Topic: topic, Payload: payload, Time: time.Now(), Handle: sequence, Stream: 7, Sequence: uint64(sequence),
	}
}

// publishes is a sink that takes packed publishes apart. answer says what becomes of them; nil: all are accepted.
type publishes struct {
	mu     sync.Mutex
	got    []batch.Publish
	sizes  []int
	answer func(p batch.Publish) pipeline.Answer
	wait   time.Duration
}

func (s *publishes) Connection(depth int) pipeline.Connection {
	return newFakeConnection(depth, s.publish)
}

func (s *publishes) publish(r *pipeline.Request) pipeline.Answer {
	p, err := batch.Unpack(bytes.Clone(r.Payload), 0)
	if err != nil {
		panic(err)
	}
	time.Sleep(s.wait)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got, s.sizes = append(s.got, p), append(s.sizes, len(r.Payload))
	if s.answer != nil {
		return s.answer(p)
	}
	return accept()
}

// batches returns the sequences of each publish.
func (s *publishes) batches() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, p := range s.got {
		text := fmt.Sprintf("%d:", p.Marker.Previous)
		for _, m := range p.Messages {
			text += fmt.Sprintf(" %d", m.Sequence)
		}
		all = append(all, text)
	}
	return all
}

func TestPackedPublishesHoldWhatFits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 2000
		s, settled, r := &publishes{wait: time.Millisecond}, newEnds(), packed(4096)
		r.Settler = settled
		p := build(pipeline.Config{Workers: 1, MaxMessages: n, Routes: []pipeline.RouteConfig{r}}, s)
		for i, m := range corpus.All()[0].Messages(n) {
			p.Route(0).Submit(placed("a", m.Payload, i+1))
		}
		go func() { p.Route(0).Close() }()
		p.Run(t.Context())
		next := uint64(1)
		for i, one := range s.got {
			if s.sizes[i] > 4096 {
				t.Errorf("a publish has %d bytes", s.sizes[i])
			}
			for _, m := range one.Messages {
				if m.Sequence != next {
					t.Fatalf("%d came instead of %d", m.Sequence, next)
				}
				next++
			}
		}
		if len(s.got) > n/75 {
			t.Errorf("%d publishes for %d orders, more than one for 75", len(s.got), n)
		}
		for i := range n {
			if o := settled.outcome(t, i+1); o != pipeline.Published {
				t.Errorf("message %d is %v", i+1, o)
			}
		}
		if stats := p.Stats().Routes[0]; stats.Attempts[pipeline.Result204] != uint64(len(s.got)) {
			t.Errorf("%d attempts for %d publishes", stats.Attempts[pipeline.Result204], len(s.got))
		}
	})
}

// random returns bytes that nothing makes shorter, others for each seed.
func random(n, seed int) []byte {
	rng := rand.New(rand.NewPCG(uint64(seed), 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func TestWhatDidNotFitHasNotBeenTried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept, r := &wholeLetters{}, packed(1000)
		r.DeadLetters = kept
		s := &publishes{answer: func(p batch.Publish) pipeline.Answer {
			if len(p.Messages) == 1 {
				return answer(pipeline.Reject, pipeline.Result400, 400)
			}
			return accept()
		}}
		p := build(pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{r}}, s)
		for i := range 5 {
			p.Route(0).Submit(placed("a", random(230, i), i+1)) // Four fit, and five are taken.
		}
		go func() { time.Sleep(time.Minute); p.Route(0).Close() }()
		p.Run(t.Context())
		if got, want := s.batches(), []string{"0: 1 2 3 4", "4: 5"}; !slices.Equal(got, want) {
			t.Errorf("published %q, want %q", got, want)
		}
		if len(kept.whys) != 1 || kept.whys[0].Attempts != 1 {
			t.Errorf("rejected as %+v, want one after one attempt", kept.whys)
		}
		checkLedger(t, p)
	})
}

// Whatever the answer is, what did not fit comes after what did.
func TestWhatDidNotFitStaysBehindWhatIsTriedAgain(t *testing.T) {
	t.Parallel()
	for _, bad := range []pipeline.Answer{
		answer(pipeline.Retry, pipeline.Result5xx, 500), answer(pipeline.Ambiguous, pipeline.ResultTimeout, 0),
		answer(pipeline.SlowDown, pipeline.Result429, 429), answer(pipeline.Unsent, pipeline.ResultNetwork, 0),
		answer(pipeline.HaltAll, pipeline.Result401, 401), answer(pipeline.Reject, pipeline.Result400, 400),
	} {
		synctest.Test(t, func(t *testing.T) {
			settled, r, first := newEnds(), packed(1000), true
			r.Settler = settled
			s := &publishes{answer: func(batch.Publish) pipeline.Answer {
				if first {
					first = false
					return bad
				}
				return accept()
			}}
			p := build(pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{r}}, s)
			for i := range 7 {
				p.Route(0).Submit(placed("a", random(230, i), i+1))
			}
			go func() { time.Sleep(time.Hour); p.Route(0).Close() }()
			p.Run(t.Context())
			var order []uint64
			for _, one := range s.got[1:] {
				for _, m := range one.Messages {
					order = append(order, m.Sequence)
				}
			}
			if !slices.Equal(order, []uint64{1, 2, 3, 4, 5, 6, 7}) {
				t.Errorf("%v: published %v", bad.Verdict, s.batches())
			}
			for i := range 7 {
				settled.outcome(t, i+1)
			}
			checkLedger(t, p)
		})
	}
}

func TestWhatDidNotFitIsReturnedAtTheStop(t *testing.T) {
	t.Parallel()
	for _, ordered := range []bool{true, false} {
		for _, how := range []string{"close", "yield", "forget"} {
			synctest.Test(t, func(t *testing.T) {
				settled, r := newEnds(), packed(1000)
				r.Settler, r.Returnable, r.Ordered = settled, true, ordered
				p, stop := start(t, pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{r}},
					&publishes{wait: time.Second})
				p.Route(0).Pause()
				for i := range 5 {
					p.Route(0).Reserve()
					p.Route(0).Submit(placed("a", random(230, i), i+1))
				}
				p.Route(0).Resume()
				time.Sleep(500 * time.Millisecond)
				want := pipeline.Returned
				switch how {
				case "close":
					p.Route(0).Close()
				case "yield":
					p.Route(0).Yield()
				default:
					want = pipeline.Forgotten
					p.Route(0).Forget()
				}
				time.Sleep(time.Second)
				stop()
				if got := settled.outcome(t, 4); got != pipeline.Published {
					t.Errorf("%s, ordered %v: the last of the publish in flight is %v", how, ordered, got)
				}
				if got := settled.outcome(t, 5); got != want {
					t.Errorf("%s, ordered %v: what did not fit is %v, want %v", how, ordered, got, want)
				}
			})
		}
	}
}

func TestLargeMessageIsAcceptedIfItFitsPacked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept, r, s := &wholeLetters{}, packed(1000), &publishes{}
		r.DeadLetters, r.MaxPayload = kept, 1<<20
		p, stop := start(t, pipeline.Config{Routes: []pipeline.RouteConfig{r}}, s)
		p.Route(0).Submit(placed("a", bytes.Repeat([]byte("abcdef"), 5000), 1))
		p.Route(0).Submit(placed("a", random(1000, 1), 2))
		time.Sleep(time.Second)
		stop()
		if got := s.batches(); !slices.Equal(got, []string{"0: 1"}) || s.sizes[0] > 1000 {
			t.Errorf("published %q of %v bytes", got, s.sizes)
		}
		if len(kept.whys) != 1 || kept.whys[0].Reason != "too_large" {
			t.Errorf("rejected %+v", kept.whys)
		}
	})
}

// Subscribers must be able to see that something is missing.
func TestBatchEndsWhereAMessageIsMissing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &publishes{}
		p, stop := start(t, pipeline.Config{Workers: 1, Routes: []pipeline.RouteConfig{packed(1000)}}, s)
		submit := func(topic string, sequence int, unfit string) {
			m := placed(topic, []byte("x"), sequence)
			m.Unfit = unfit
			p.Route(0).Submit(m)
		}
		p.Route(0).Pause()
		for _, n := range []int{1, 3, 5} {
			submit("a", n, "")
		}
		submit("b", 6, "")
		submit("a", 7, "it has no header Region")
		submit("a", 9, "")
		submit("b", 10, "")
		p.Route(0).Resume()
		time.Sleep(time.Second)
		p.Route(0).Pause()
		submit("a", 4, "") // It comes again: what came before it is not known, and 7 has ended otherwise.
		submit("a", 5, "")
		submit("a", 8, "")
		submit("a", 9, "")
		p.Route(0).Resume()
		stop()
		got := s.batches()
		slices.Sort(got)
		want := []string{"0: 1 3 5", "0: 4", "0: 5", "0: 6 10", "0: 8 9", "7: 9"}
		if !slices.Equal(got, want) {
			t.Errorf("published %q, want %q", got, want)
		}
	})
}

func TestAfterALeaseHasMovedNothingIsSaidOfWhatCameBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := &publishes{}, packed(1000)
		r.Returnable = true
		p, stop := start(t, pipeline.Config{Routes: []pipeline.RouteConfig{r}}, s)
		submit := func(sequence int) {
			p.Route(0).Reserve()
			p.Route(0).Submit(placed("a", []byte("x"), sequence))
			time.Sleep(time.Second)
		}
		submit(1)
		submit(2)
		p.Route(0).Yield()
		p.Route(0).Begin()
		submit(7)
		submit(8)
		stop()
		if got, want := s.batches(), []string{"0: 1", "1: 2", "0: 7", "7: 8"}; !slices.Equal(got, want) {
			t.Errorf("published %q, want %q", got, want)
		}
	})
}

// What is paid for is never exceeded, and is used.
func TestPackedPublishIsNoLargerThanWhatIsPaidFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 600
		s := &publishes{}
		p := build(pipeline.Config{
			Workers: 1, Operations: true, MaxMessages: n,
			Limits: pipeline.Limits{Region: pipeline.Rate{Ceiling: 2, Burst: 2}},
			Routes: []pipeline.RouteConfig{packed(4096)},
		}, s)
		for i, m := range corpus.All()[0].Messages(n) {
			p.Route(0).Submit(placed("a", m.Payload, i+1))
		}
		go func() { p.Route(0).Close() }()
		p.Run(t.Context())
		operations, most := 0, 0
		for _, size := range s.sizes {
			operations += (size + 1023) / 1024
			most = max(most, size)
		}
		if took := p.Stats().Routes[0].Operations; most > 2048 || took != uint64(operations) || operations > n/15 {
			t.Errorf("%d messages took %d operations, counted as %d, with up to %d bytes", n, operations, took, most)
		}
	})
}

func TestLingerEndsWhenAPackedBatchIsFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := &publishes{}, packed(1000)
		r.Batch.Linger = 10 * time.Second
		p, stop := start(t, pipeline.Config{Routes: []pipeline.RouteConfig{r}}, s)
		for i := range 5 {
			p.Route(0).Submit(placed("a", random(230, i), i+1))
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if got := s.batches(); len(got) == 0 {
			t.Error("nothing was published before the linger was over")
		}
		stop()
	})
}
