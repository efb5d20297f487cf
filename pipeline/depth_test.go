package pipeline_test

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/pipeline"
)

// loaded is a pipeline with more to publish than one each carries, until it is no longer loaded.
func loaded(t *testing.T, s pipeline.Sink, settled pipeline.Settler, long time.Duration) (
	p *pipeline.Pipeline, n int, stop func(),
) {
	t.Helper()
	p, stop = start(t, pipeline.Config{
		Workers: 8, InFlight: pipeline.ByNeed, MaxMessages: 200, Timeout: time.Minute,
		Routes: []pipeline.RouteConfig{{Settler: settled}},
	}, s)
	for began := time.Now(); time.Since(began) < long; n++ {
		p.Route(0).Submit(message("t", n)) // It blocks while the queue is full.
	}
	return p, n, stop
}

func TestDepthByNeedCarriesMoreThanOneOnEachConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slowSink{latency: 100 * time.Millisecond}
		p, n, stop := loaded(t, s, newEnds(), 6*time.Second)
		if depth := p.Stats().Depth; depth != pipeline.MostByNeed {
			t.Errorf("%d publishes on a connection, want %d", depth, pipeline.MostByNeed)
		}
		stop()
		if flat := 6 * 8 * 10; n < 2*flat {
			t.Errorf("%d messages were published in six seconds, one each would be %d", n, flat)
		}
	})
}

// Those that share the load are waited for only while they come back.
func TestConnectionsThatHangHoldUpNobodyElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var hang atomic.Int64
		s := &slowSink{latency: 100 * time.Millisecond}
		s.answerAfter = func() time.Duration {
			if hang.Add(-1) >= 0 {
				return 10 * time.Second
			}
			return s.latency
		}
		settled := newEnds()
		p, n, stop := loaded(t, s, settled, 3*time.Second)
		for p.Stats().Routes[0].Queued > 0 {
			time.Sleep(time.Millisecond)
		}
		hang.Store(4 * pipeline.MostByNeed) // All that may be in flight on the connections that share the load.
		began := time.Now()
		for i := range 100 {
			p.Route(0).Submit(message("t", n+i))
		}
		time.Sleep(time.Second)
		if got := p.Stats().Routes[0]; got.Queued > 0 || got.InFlight != 4*pipeline.MostByNeed {
			t.Errorf("%d wait and %d are in flight after %v", got.Queued, got.InFlight, time.Since(began))
		}
		stop()
	})
}

func TestUnclearOutcomeEndsDepth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var unclear atomic.Bool
		s := &slowSink{latency: 100 * time.Millisecond}
		s.answer = func() pipeline.Answer {
			if unclear.CompareAndSwap(true, false) {
				return answer(pipeline.Ambiguous, pipeline.ResultNetwork, 0)
			}
			return accept()
		}
		p, n, stop := loaded(t, s, newEnds(), 3*time.Second)
		unclear.Store(true)
		for ; p.Stats().Routes[0].Ambiguous == 0; n++ {
			p.Route(0).Submit(message("t", n))
		}
		if depth := p.Stats().Depth; depth != 1 {
			t.Errorf("%d publishes on a connection after an unclear outcome", depth)
		}
		stop()
	})
}

// anyInFlight is one of the ways in which publishes may be in flight on a connection.
func anyInFlight(rng *rand.Rand) int {
	return []int{1, 1, 1 + rng.IntN(6), pipeline.ByNeed}[rng.IntN(4)]
}
