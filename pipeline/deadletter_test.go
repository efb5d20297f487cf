package pipeline_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

// fullStream takes dead letters once it has room.
type fullStream struct {
	mu    sync.Mutex
	room  bool
	tries int
	kept  int
}

func (f *fullStream) Keep(*pipeline.Message, pipeline.Rejection) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tries++
	if !f.room {
		return errors.New("the stream is full")
	}
	f.kept++
	return nil
}

func (f *fullStream) makeRoom() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.room = true
}

// patientEnds is a Settler that can be told to deliver a message later.
type patientEnds struct {
	*ends
	postponed []any
}

func (e *patientEnds) Postpone(handle any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.postponed = append(e.postponed, handle)
}

// bad is a message that is rejected before it is sent.
func bad(topic string) pipeline.Message {
	return pipeline.Message{Topic: topic, Payload: make([]byte, 5000), Time: time.Now(), Handle: "bad " + topic}
}

func TestFullDeadLetterStreamHoldsNobodyUp(t *testing.T) {
	for _, ordered := range []bool{false, true} {
		for _, returnable := range []bool{false, true} {
			t.Run(fmt.Sprintf("ordered %v, returnable %v", ordered, returnable), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { testFullStream(t, ordered, returnable) })
			})
		}
	}
}

func testFullStream(t *testing.T, ordered, returnable bool) {
	const n = 60
	dead := &fullStream{}
	s := &script{began: time.Now()}
	p, stop := start(t, pipeline.Config{
		Workers: 2, MaxMessages: 200,
		Routes: []pipeline.RouteConfig{{Ordered: ordered, Returnable: returnable, DeadLetters: dead}},
	}, s)
	r := p.Route(0)
	r.Limit(31)
	submit := func(m pipeline.Message) {
		t.Helper()
		if returnable {
			eventuallyReserved(t, r)
		}
		r.Submit(m)
	}
	for i := range n {
		submit(bad(fmt.Sprint("t", i)))
	}
	for i := range n { // To the same topics, and then to others.
		submit(message(fmt.Sprint("t", i%3), nil))
		submit(message(fmt.Sprint("u", i), nil))
	}
	time.Sleep(10 * time.Second)
	synctest.Wait()
	if got := len(s.log); got < 2*n-3*ceilHalf(31) {
		t.Errorf("%d of %d good messages are published while no dead letter can be stored", got, 2*n)
	}
	if stats := p.Stats().Routes[0]; stats.Unkept != n || stats.UnkeptWhy != "the stream is full" {
		t.Errorf("%d wait to be kept: %q", stats.Unkept, stats.UnkeptWhy)
	}
	if dead.tries > 2*keepers {
		t.Errorf("%d tries to store, want one at a time", dead.tries)
	}
	dead.makeRoom()
	time.Sleep(longestLetterWait)
	synctest.Wait()
	if stats := p.Stats().Routes[0]; stats.Unkept != 0 || stats.Settled[pipeline.DeadLettered] != n ||
		stats.Settled[pipeline.Published] != 2*n {
		t.Errorf("once there is room %d wait, and %v are settled", stats.Unkept, stats.Settled)
	}
	stop()
}

func ceilHalf(n int) int { return (n + 1) / 2 }

// eventuallyReserved waits until the route has room for one more message.
func eventuallyReserved(t *testing.T, r *pipeline.Route) {
	t.Helper()
	for range 100 {
		if n, _ := r.Reserve(); n > 0 {
			r.Release(n - 1)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the route has no room")
}

// One topic that goes on for ever must not fill the route's room behind its parked message.
func TestTopicWithAParkedMessageTakesNotAllOfTheRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{began: time.Now()}
		p, stop, hardStop := startLogged(t,
			pipeline.Config{
				MaxMessages: 20,
				Routes:      []pipeline.RouteConfig{{Ordered: true, DeadLetters: &fullStream{}}},
			}, s, slog.DiscardHandler)
		p.Route(0).Submit(bad("a"))
		p.Route(0).Submit(message("a", nil))
		synctest.Wait()
		if len(s.log) != 0 {
			t.Errorf("published %q, want the topic to wait while there is room", s.log)
		}
		for range 50 {
			p.Route(0).Submit(message("a", nil))
		}
		p.Route(0).Submit(message("b", nil))
		synctest.Wait()
		if !slices.Contains(s.log, "0 b/x") || len(s.log) != 52 {
			t.Errorf("published %d, want all 52", len(s.log))
		}
		hardStop()
		stop()
	})
}

func TestParkedMessagesAreBounded(t *testing.T) {
	tests := map[string]struct {
		returnable bool
		outcome    pipeline.Outcome // Of those for which there is no room.
		n          uint64
	}{
		"a stream takes the rest back for a while": {true, pipeline.Returned, 90},
		"core NATS loses the rest, counted":        {false, pipeline.Rejected, 90},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				settled := &patientEnds{ends: newEnds()}
				p, stop, hardStop := startLogged(t,
					pipeline.Config{
						MaxMessages: 20,
						Routes: []pipeline.RouteConfig{{
							Returnable: tt.returnable, DeadLetters: &fullStream{},
							Settler: settled,
						}},
					},
					fakeSink(func(*pipeline.Request) pipeline.Answer { return accept() }), slog.DiscardHandler)
				for i := range 100 {
					p.Route(0).Submit(bad(fmt.Sprint(i)))
				}
				time.Sleep(letterPatience / 2)
				synctest.Wait()
				if n := p.Stats().Routes[0].Settled[tt.outcome]; tt.returnable && n > 0 {
					t.Errorf("%d are returned before the trouble has lasted", n)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				stats := p.Stats().Routes[0]
				if stats.Unkept != 10 || stats.Settled[tt.outcome] != tt.n {
					t.Errorf("%d wait, settled %v, want 10 and %d %v", stats.Unkept, stats.Settled, tt.n, tt.outcome)
				}
				if got := len(settled.postponed); tt.returnable != (got == int(tt.n)) {
					t.Errorf("%d postponed", got)
				}
				hardStop()
				stop()
			})
		})
	}
}

// keepFunc is a keeper that takes its time.
type keepFunc func(pipeline.Rejection) error

func (f keepFunc) Keep(_ *pipeline.Message, r pipeline.Rejection) error { return f(r) }

func TestDeadLettersThatHangDoNotHoldThoseOfOtherRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := keepFunc(func(pipeline.Rejection) error {
			time.Sleep(5 * time.Second)
			return errors.New(
				"no answer")
		})
		settled := newEnds()
		p, stop, hardStop := startLogged(t,
			pipeline.Config{Routes: []pipeline.RouteConfig{
				{Name: "a", DeadLetters: hangs},
				{Name: "b", DeadLetters: &fullStream{room: true}, Settler: settled},
			}},
			fakeSink(func(*pipeline.Request) pipeline.Answer { return accept() }), slog.DiscardHandler)
		for i := range 200 {
			p.Route(0).Submit(bad(fmt.Sprint(i)))
		}
		for range 10 {
			time.Sleep(7 * time.Second)
			synctest.Wait()
			began := time.Now()
			m := bad("b")
			m.Handle = began
			p.Route(1).Submit(m)
			time.Sleep(6 * time.Second)
			synctest.Wait()
			settled.outcome(t, began)
			if took := settled.at[began].Sub(began); took > 5*time.Second {
				t.Errorf("a dead letter of another route takes %v", took)
			}
		}
		hardStop()
		stop()
	})
}

func TestDeadLetterThatComesRoundIsDroppedAndHoldsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		round := keepFunc(func(pipeline.Rejection) error {
			return fmt.Errorf("%w: twice to dead.a",
				pipeline.ErrRoundTrip)
		})
		settled := newEnds()
		p, stop := start(t,
			pipeline.Config{Routes: []pipeline.RouteConfig{{Ordered: true, DeadLetters: round, Settler: settled}}},
			fakeSink(func(*pipeline.Request) pipeline.Answer { return accept() }))
		p.Route(0).Submit(bad("a"))
		p.Route(0).Submit(message("a", "good"))
		synctest.Wait()
		if settled.outcome(t, "bad a") != pipeline.Rejected || settled.outcome(t, "good") != pipeline.Published {
			t.Errorf("settled %v", settled.got)
		}
		stop()
	})
}
