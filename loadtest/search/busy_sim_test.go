package search

import (
	"math"
	"time"

	"momento-bridge/loadtest/virtual"
)

const (
	// strict is how late a publish may be sent where the phase allows no more, and loose where distances do not matter.
	strict, loose = 0.002, 0.1
	// sending is how long it takes to send one.
	sending = 30e-6
	// fit is the share that must be sent in time.
	fit = 0.995
)

// busyTester is a simulation on a machine that others use, which sends as package drive does.
type busyTester struct {
	*simulation
	machine  *virtual.Busy
	endpoint busyEndpoint
}

// newBusyTester returns a tester that is so busy, and its endpoint likewise.
func newBusyTester(s *simulation, seed uint64, share, endpoint float64) *busyTester {
	s.latency = 0.0002
	return &busyTester{
		simulation: s, machine: virtual.NewBusy(seed, share),
		endpoint: busyEndpoint{machine: virtual.NewBusy(seed+1000, endpoint)},
	}
}

// Run sends what is planned for as long as the machine sleeps all at once when it wakes up.
func (b *busyTester) Run(most Cap, phases ...Phase) Trial {
	t := Trial{OnTime: 1}
	end, planned := b.now+most.Seconds, b.now
	var excuse *Excuse
	for i, p := range phases {
		if i == 0 || !p.Continues(&phases[i-1]) {
			excuse = ExcuseOf(&p, b.latency)
		}
		var o Outcome
		o, planned = b.offer(&t, p, planned, excuse, most.Requests-t.sent(), end)
		t.Phases = append(t.Phases, o)
		switch {
		case t.sent() >= most.Requests:
			t.Capped = ErrRequests
		case planned >= end:
			t.Capped = ErrTime
		}
		if t.Capped != nil {
			break
		}
	}
	b.now = max(b.now, planned) + 0.001 + 0.02*b.rng.Float64()
	b.judge(&t)
	return t
}

func (b *busyTester) judge(t *Trial) {
	o := t.last()
	t.Tolerance = tolerance(&o.Phase)
	sent := o.Accepted + o.Refused
	if sent+o.Missed == 0 {
		return
	}
	t.OnTime = float64(sent) / float64(sent+o.Missed)
	if t.OnTime < fit {
		t.Unfit, t.Late = "late", true
	}
}

func tolerance(p *Phase) float64 {
	least := max(strict, 0.1/p.Rate)
	if p.Loose {
		least = max(least, loose)
	}
	return max(least, p.Late)
}

func (b *busyTester) offer(t *Trial, p Phase, began float64, excuse *Excuse, most int, end float64) (Outcome, float64) {
	o := Outcome{Phase: p, Began: began}
	asked, late := began, tolerance(&p)
	b.counted = 0
	var planned float64
	for i := 0; ; i++ {
		planned = began + float64(i)/p.Rate
		if planned-began >= p.Seconds || i >= most || planned >= end || b.over(&p, &o) {
			break
		}
		for b.now < planned {
			d := min(planned-b.now, 0.02)
			b.now += d + b.machine.Late(time.Duration(d*1e9)).Seconds()
		}
		if p.Enough != nil && b.now-asked > 0.5 {
			asked = b.now
			b.answer(&o, &p, excuse, b.now)
			if p.Enough(o.Events) {
				break
			}
		}
		t.Stall = max(t.Stall, b.now-planned)
		if b.now-planned > late {
			o.Missed++
			continue
		}
		b.send(&o, &p, excuse)
	}
	o.Took = max(planned, b.now) - began
	b.answer(&o, &p, excuse, math.Inf(1))
	if excuse != nil {
		b.judged(&o)(excuse.End())
	}
	return o, min(planned, began+p.Seconds)
}

// send sends one, and looks at what is answered meanwhile.
func (b *busyTester) send(o *Outcome, p *Phase, excuse *Excuse) {
	sent := b.now
	b.now += sending
	b.sent++
	b.latest = max(b.latest, sent+b.latency/2+0.0002*b.rng.Float64())
	b.endpoint.arrive(sent, b.latest, b.rng.Float64)
	b.answer(o, p, excuse, sent)
}

// answer looks at what the endpoint has taken until now.
func (b *busyTester) answer(o *Outcome, p *Phase, excuse *Excuse, now float64) {
	for _, w := range b.endpoint.due(now) {
		w.event.Refused = !b.limiter.Take(b.epoch.Add(time.Duration(w.taken*1e9)), 1, b.connection())
		w.event.Answered, w.done = w.taken+b.latency/2, true
		if b.rng.Float64() < answering {
			w.event.Answered += b.endpoint.machine.Late(time.Millisecond).Seconds()
		}
	}
	for _, e := range b.endpoint.answered() {
		b.count(o, p, excuse, e)
	}
}

func (b *busyTester) count(o *Outcome, p *Phase, excuse *Excuse, e Event) {
	if e.Refused {
		o.Refused++
	} else {
		o.Accepted++
	}
	if excuse != nil {
		b.judged(o)(excuse.Take(e))
		o.Most = excuse.Most()
	}
	if p.Enough != nil {
		o.Events = append(o.Events, e)
	}
}
