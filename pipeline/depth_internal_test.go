package pipeline

import (
	"testing"
	"time"
)

// played is a depth whose load and endpoint are a function of the shape, on a clock of its own.
type played struct {
	depth
	at time.Time
	// carries returns how many publishes per second the endpoint answers, and how quickly, if there is enough to do.
	carries func(s shape) (float64, time.Duration)
	load    float64 // Per second.
	time    map[shape]time.Duration
}

const playedStep = 20 * time.Millisecond

// play lets the load come for a while and returns the shape that was longest in use in its second half.
func (p *played) play(long time.Duration) shape {
	p.time = map[shape]time.Duration{}
	for passed := time.Duration(0); passed < long; passed += playedStep {
		rate, took := p.carries(p.now)
		if passed >= long/2 {
			p.time[p.now] += playedStep
		}
		p.at = p.at.Add(playedStep)
		filled := p.load >= rate
		if n := int(min(rate, p.load) * playedStep.Seconds()); n > 0 && p.auto {
			p.answer(p.at, Accept, took)
			p.answers += n - 1
			p.took += time.Duration(n-1) * took
		}
		p.ask(p.at, filled)
	}
	best := p.now
	for s, t := range p.time {
		if t > p.time[best] {
			best = s
		}
	}
	return best
}

func newPlayed(load float64, carries func(shape) (float64, time.Duration)) *played {
	return &played{depth: newDepth(64, ByNeed), at: time.Unix(1e9, 0), carries: carries, load: load}
}

// Endpoints, as they answer so many publishes in flight.
var (
	// quick has answers from the same host: the processor is the limit, and depth saves half of it.
	quick = func(s shape) (float64, time.Duration) {
		rate := 50_000 * (2 - 1/float64(s.depth))
		return rate, span(float64(s.workers*s.depth) / rate)
	}
	// inTurn is as quick, and takes one publish of a connection after the other.
	inTurn = func(s shape) (float64, time.Duration) {
		return float64(s.workers) * 1000, time.Duration(s.depth) * time.Millisecond
	}
	// far is on the other side of a network.
	far = func(s shape) (float64, time.Duration) {
		return float64(s.workers*s.depth) / .02, 20 * time.Millisecond
	}
	// used has no more to give, however much is in flight.
	used = func(s shape) (float64, time.Duration) { return 3000, span(float64(s.workers*s.depth) / 3000) }
)

func span(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func TestDepthFollowsTheNeed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		load    float64
		carries func(shape) (float64, time.Duration)
		want    shape
	}{
		"few messages":                            {5000, quick, shape{64, 1}},
		"the processor is the limit":              {1e6, quick, shape{4, 16}},
		"the endpoint takes publishes in turn":    {1e6, inTurn, shape{64, 1}},
		"what one each carries is enough":         {3000, far, shape{64, 1}},
		"one each is not quite enough":            {5000, far, shape{8, 16}},
		"twice as many are not enough":            {9000, far, shape{16, 16}},
		"there is no end of messages":             {1e6, far, shape{64, 16}},
		"the endpoint carries no more, far off":   {1e6, used, shape{4, 16}},
		"the endpoint carries as much as it must": {2999, used, shape{64, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlayed(tt.load, tt.carries)
			if got := p.play(2 * time.Minute); got != tt.want {
				t.Errorf("the shape is %v mostly, want %v: %v", got, tt.want, p.time)
			}
			if most := p.time[tt.want]; most < 40*time.Second { // Of a minute.
				t.Errorf("that for %v of a minute only: %v", most, p.time)
			}
		})
	}
}

func TestDepthEndsWithTheNeed(t *testing.T) {
	t.Parallel()
	p := newPlayed(9000, far)
	p.play(time.Minute)
	p.load = 500
	if p.play(30 * time.Second); p.now != p.flat {
		t.Errorf("after a calm while the shape is %v", p.now)
	}
	p.load = 9000
	p.play(time.Minute)
	p.at = p.at.Add(time.Minute)
	p.ask(p.at, true)
	if p.now != p.flat {
		t.Errorf("after a pause the shape is %v", p.now)
	}
}

func TestTroubleMakesItFlatAtOnceAndForAWhile(t *testing.T) {
	t.Parallel()
	for _, v := range []Verdict{Retry, Ambiguous} {
		p := newPlayed(9000, far)
		for i, flat := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second} {
			if p.play(90 * time.Second); p.now.depth != 16 {
				t.Fatalf("%v, before trouble %d the shape is %v", v, i, p.now)
			}
			for range 4 { // On one connection.
				p.answer(p.at, v, 0)
			}
			if p.now != p.flat {
				t.Errorf("%v: the shape is %v", v, p.now)
			}
			if p.play(flat - time.Second); len(p.time) != 1 || p.now != p.flat {
				t.Errorf("%v, after trouble %d: the shapes are %v within %v", v, i, p.time, flat)
			}
		}
	}
}

func TestOtherAnswersAreNoTrouble(t *testing.T) {
	t.Parallel()
	p := newPlayed(9000, far)
	p.play(time.Minute)
	for _, v := range []Verdict{Reject, HaltAll, HaltTopic, HaltCache, SlowDown, Unsent} {
		p.answer(p.at, v, 0)
	}
	if p.now.depth != 16 {
		t.Errorf("the shape is %v", p.now)
	}
}

func TestFixedDepthStaysAsItIs(t *testing.T) {
	t.Parallel()
	p := newPlayed(1e6, far)
	p.depth = newDepth(64, 3)
	p.play(10 * time.Second)
	p.answer(p.at, Ambiguous, 0)
	if p.now != (shape{64, 3}) || p.most() != 3 {
		t.Errorf("the shape is %v, %d at the most", p.now, p.most())
	}
}
