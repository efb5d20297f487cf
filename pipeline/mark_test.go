package pipeline_test

import (
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

// wholeLetters keeps dead letters whole.
type wholeLetters struct {
	mu   sync.Mutex
	got  []pipeline.Message
	whys []pipeline.Rejection
}

func (l *wholeLetters) Keep(m *pipeline.Message, r pipeline.Rejection) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got, l.whys = append(l.got, *m), append(l.whys, r)
	return nil
}

func TestUnfitMessageIsRejectedWithoutARequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		settled, kept, s := newEnds(), &wholeLetters{}, &script{began: time.Now()}
		p, stop := start(t, pipeline.Config{Routes: []pipeline.RouteConfig{{
			Ordered: true, Settler: settled, DeadLetters: kept,
		}}}, s)
		m := message("a", 1)
		m.Unfit = "it has no header Region"
		p.Route(0).Submit(m)
		p.Route(0).Submit(message("a", 2))
		time.Sleep(time.Second)
		stop()
		if settled.outcome(t, 1) != pipeline.DeadLettered || settled.outcome(t, 2) != pipeline.Published {
			t.Errorf("ended %v and %v", settled.outcome(t, 1), settled.outcome(t, 2))
		}
		if len(s.log) != 1 || len(kept.whys) != 1 {
			t.Fatalf("published %q, kept %v", s.log, kept.whys)
		}
		if why := kept.whys[0]; why.Reason != "unfit" || why.Detail != m.Unfit || why.Attempts != 0 {
			t.Errorf("rejected as %+v", why)
		}
	})
}

func TestWhatAMessageIsMadeOfReachesItsDeadLetter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept := &wholeLetters{}
		p, stop := start(t, pipeline.Config{Routes: []pipeline.RouteConfig{{
			Ordered: true, DeadLetters: kept, KeepSubject: true,
		}}}, fakeSink(func(*pipeline.Request) pipeline.Answer {
			return answer(pipeline.Reject, pipeline.Result400, 400)
		}))
		m := message("a", 1)
		m.Sequence, m.Stream, m.Subject = 7, 9, "orders.eu"
		m.Header = map[string][]string{"Region": {"eu", "uk"}}
		p.Route(0).Submit(m)
		time.Sleep(time.Second)
		stop()
		if len(kept.got) != 1 || !reflect.DeepEqual(kept.got[0], m) {
			t.Errorf("kept %+v, want %+v", kept.got, m)
		}
	})
}

// Without that a route with large headers would hold more than its part.
func TestSubjectAndHeadersCountAsMemory(t *testing.T) {
	t.Parallel()
	route := pipeline.RouteConfig{Drops: true, KeepSubject: true}
	p := build(pipeline.Config{MaxBytes: 1000, Routes: []pipeline.RouteConfig{route}}, instant{})
	m := message("a", 1)
	m.Header = map[string][]string{"Name": {string(make([]byte, 600))}}
	if !p.Route(0).Offer(m) || p.Route(0).Offer(m) {
		t.Error("two messages of 600 bytes were to have room for one")
	}
}
