package drive

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"momento-bridge/loadtest/search"
)

// How late a publish may be sent, at the least; later it is given up. One that is late comes closer to the next one.
const (
	strictly  = 2 * time.Millisecond   // Where that might be refused.
	tolerance = 5 * time.Millisecond   // Where publishes may wait for a connection anyway.
	loosely   = 100 * time.Millisecond // Where distances do not matter.
)

// lateness is how late a publish of a phase may be sent.
func (e *Engine) lateness(ph *phase) time.Duration {
	asked := time.Duration(ph.Late * float64(time.Second))
	switch {
	case ph.Loose:
		return max(asked, loosely, tenth(ph.Rate))
	case e.cfg.Patience > 0:
		return max(asked, Tolerance(ph.Rate))
	}
	return max(asked, Strictly(ph.Rate))
}

// Strictly is how late a publish may be sent at a rate where it must not come closer to the next one.
func Strictly(rate float64) time.Duration { return max(strictly, tenth(rate)) }

// tenth is a tenth of the distance between two publishes.
func tenth(rate float64) time.Duration { return time.Duration(0.1 * float64(time.Second) / rate) }

// Tolerance is how late the pacer may be with a publish at a rate, where it may wait for a connection.
func Tolerance(rate float64) time.Duration {
	return max(tolerance, tenth(rate))
}

// askEvery is how often a phase's condition is asked.
const askEvery = 500 * time.Millisecond

// phase is a phase under way.
type phase struct {
	search.Phase
	ledger  ledger
	began   int64
	ended   int64
	enough  atomic.Bool
	refused atomic.Int64
	judge   judge
	stall   int64 // How late the pacer was at the most, in nanoseconds.
}

// Run implements search.Tester.
func (e *Engine) Run(most search.Cap, phases ...search.Phase) search.Trial {
	end, last := e.now()+int64(most.Seconds*1e9), e.sent+most.Requests
	e.connect(phases)
	before, at := e.measure(), e.now()
	all := make([]*phase, 0, len(phases))
	trial := search.Trial{}
	for i, p := range phases {
		ph := &phase{Phase: p, began: at}
		ph.judge = judgeOf(ph, all)
		all = append(all, ph)
		at = e.offer(ph, min(end, at+int64(p.Seconds*1e9)), last, i == len(phases)-1)
		switch {
		case at >= end:
			trial.Capped = search.ErrTime
		case e.sent >= last:
			trial.Capped = search.ErrRequests
		}
		if trial.Capped != nil || e.ended() != nil {
			break
		}
	}
	e.land()
	trial.Fatal = e.ended()
	for _, ph := range all {
		trial.Phases = append(trial.Phases, e.outcome(ph))
	}
	e.conclude(&trial, all, before)
	return trial
}

// onceIn is how often each connection in use should be used, in seconds: often enough that nobody closes it for being
// idle.
const onceIn = 2

// connect makes the connections that the phases need, so that none is made while something is measured. One that cannot
// be made shows when it is used.
func (e *Engine) connect(phases []search.Phase) {
	slowest := math.Inf(1)
	for _, p := range phases {
		slowest = min(slowest, p.Rate)
	}
	least := 1.0
	if e.cfg.Patience > 0 { // Whoever waits for a connection shows how slow the endpoint is.
		least = 4
	}
	n := int(min(float64(e.cfg.Connections), max(least, onceIn*slowest, float64(e.cfg.AtOnce))))
	e.activate(n)
	var connecting sync.WaitGroup
	end := time.Now().Add(e.cfg.Timeout)
	for _, p := range e.publishers[:min(n, len(e.publishers))] {
		if c, ok := p.(interface{ Connect(end time.Time) error }); ok {
			connecting.Go(func() { _ = c.Connect(end) })
		}
	}
	connecting.Wait()
}

// offer hands out the tickets of a phase until it ends, and returns when that was planned to be. most is the number of
// the first ticket that must not be handed out.
func (e *Engine) offer(ph *phase, end int64, most int, record bool) int64 {
	end = max(end, ph.began) // Connecting may have used up the trial's time.
	stop := e.watch(ph)
	defer stop()
	next := e.cfg.Arrivals(ph.Rate)
	late := int64(e.lateness(ph))
	planned := float64(ph.began)
	for {
		at := int64(math.Round(planned)) // What was added up would otherwise be one publish more now and then.
		if planned > float64(end) {      // By far, perhaps: at a rate of zero there is no next one.
			at = end
		}
		if at >= end || e.sent >= most || !e.await(ph, at) {
			ph.ended = min(at, end)
			return ph.ended
		}
		e.hand(ph, at, at+late, record)
		planned += 1e9 * next()
	}
}

// over reports whether the phase has had enough.
func (ph *phase) over() bool {
	switch {
	case ph.enough.Load():
		return true
	case ph.Refusals == 0 || ph.refused.Load() < int64(ph.Refusals):
		return false
	case ph.judge.of == nil:
		return true
	}
	ph.judge.look()
	return ph.judge.counted >= ph.Refusals
}

// longestSleep is how long the pacer may not look whether the phase is over.
const longestSleep = 20 * time.Millisecond

// await waits until a time, and reports whether the phase is not over by then.
func (e *Engine) await(ph *phase, at int64) bool {
	for !ph.over() && e.ended() == nil {
		left := time.Duration(at - e.now())
		if left <= 0 {
			ph.stall = max(ph.stall, -int64(left))
			return true
		}
		e.cfg.Machine.Sleep(min(left, longestSleep))
	}
	return false
}

// hand gives a ticket to a worker. If too many wait already, or it is too late, it is missed.
func (e *Engine) hand(ph *phase, planned, late int64, record bool) {
	t := e.ticket(ph, planned, late+int64(e.cfg.Patience), record)
	if (e.cfg.Patience == 0 || e.now() <= late) && (e.cfg.Allow == nil || e.cfg.Allow()) {
		select {
		case e.tickets <- t:
			return
		default:
		}
	}
	e.flying.Add(-1)
	e.settle(t.entry, missed, planned, planned)
}

// ticket makes the next ticket, which is to be handed out or settled.
func (e *Engine) ticket(ph *phase, planned, late int64, record bool) ticket {
	t := ticket{planned: planned, late: late, entry: ph.ledger.add(), record: record, refused: &ph.refused}
	t.request.Cache, t.request.Topic, t.request.Payload = e.cfg.Cache(e.sent), e.cfg.Topic(e.sent),
		e.cfg.Payload(e.sent)
	e.sent++
	e.flying.Add(1)
	return t
}

// watch asks the phase's condition now and then, until the function that it returns is called.
func (e *Engine) watch(ph *phase) (stop func()) {
	if ph.Enough == nil {
		return func() {}
	}
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		ticks := time.NewTicker(askEvery)
		defer ticks.Stop()
		for !ph.enough.Load() {
			select {
			case <-done:
				return
			case <-ticks.C:
				if ph.Enough(ph.ledger.events()) {
					ph.enough.Store(true)
				}
			}
		}
	})
	return func() { close(done); watching.Wait() }
}

// land waits until every ticket is settled: for the patience and one timeout at the most.
func (e *Engine) land() {
	for e.flying.Load() > 0 {
		time.Sleep(200 * time.Microsecond)
	}
}

// outcome counts what became of a phase.
func (e *Engine) outcome(ph *phase) search.Outcome {
	took := float64(ph.ended-ph.began) / 1e9
	o := search.Outcome{Phase: ph.Phase, Began: float64(ph.began) / 1e9, Took: took, Offered: took}
	ph.judge.end()
	o.Excused, o.Most = ph.judge.excused, ph.judge.most()
	ph.ledger.each(func(f fate, sent int64) {
		e.seconds.note(f, sent)
		if f != missed {
			o.Took = max(o.Took, float64(sent-ph.began)/1e9) // Some may have waited beyond the end.
		}
		switch f {
		case accepted:
			o.Accepted++
		case refused:
			o.Refused++
		case failed:
			o.Failed++
		case missed:
			o.Missed++
		case open, fates:
		}
	})
	if ph.Enough != nil {
		o.Events = ph.ledger.events()
	}
	return o
}

// Flat publishes as fast as the connections can, for so many seconds, and returns how many were accepted per second:
// what this machine can do at the most.
func (e *Engine) Flat(seconds float64) (float64, error) {
	ph := &phase{Phase: search.Phase{Rate: flatRate, Seconds: seconds}, began: e.now()}
	e.connect([]search.Phase{ph.Phase})
	end := ph.began + int64(seconds*1e9)
	for at := e.now(); at < end && e.ended() == nil; at = e.now() {
		t := e.ticket(ph, at, end, false)
		e.tickets <- t
	}
	ph.ended = e.now()
	e.land()
	o := e.outcome(ph)
	return float64(o.Accepted) / o.Took, e.ended()
}

// flatRate is a rate that no machine reaches.
const flatRate = 1e9
