package search

import (
	"math/rand/v2"
	"time"

	"momento-bridge/emulator"
)

// simulation is a tester in virtual time in front of one of the emulator's limiters.
type simulation struct {
	limiter emulator.Limiter
	rng     *rand.Rand
	epoch   time.Time
	now     float64
	sent    int
	jitter  float64  // How much later than planned a publish may arrive, in seconds.
	latency float64  // From sent to answered at the least, in seconds; half of it until the publish arrives.
	stalls  float64  // How many of all publishes are held up for a few milliseconds, and those after them.
	latest  float64  // Arrival.
	counted int      // Refusals of the phase that are not excused.
	fixed   []uint64 // The shards of the connections, which take turns; nil: each publish has one at random.
}

// newSimulation puts a limiter somewhere in its life: phase is how long it has been there, in seconds.
func newSimulation(settings emulator.Settings, seed uint64) *simulation {
	rng := rand.New(rand.NewPCG(seed, 1))
	s := &simulation{rng: rng, epoch: time.Unix(1_800_000_000, 0)}
	var err error
	if s.limiter, err = emulator.NewLimiter(settings, seed, s.epoch); err != nil {
		panic(err)
	}
	s.now = 100 + 20*rng.Float64()
	return s
}

func (s *simulation) Now() float64         { return s.now }
func (s *simulation) Idle(seconds float64) { s.now += seconds }

func (s *simulation) Run(most Cap, phases ...Phase) Trial {
	t := Trial{OnTime: 1}
	end := s.now + most.Seconds
	var excuse *Excuse
	for i, p := range phases {
		if p.Burst > 0 && (excuse == nil || p.Rate != phases[i-1].Rate) {
			excuse = NewExcuse(p.Rate, p.Burst, s.latency)
		}
		o := s.phase(p, excuse, most.Requests-t.sent(), end)
		t.Phases = append(t.Phases, o)
		switch {
		case t.sent() >= most.Requests:
			t.Capped = ErrRequests
		case s.now >= end:
			t.Capped = ErrTime
		}
		if t.Capped != nil {
			break
		}
	}
	s.now += 0.001 + 0.02*s.rng.Float64() // Until the last answer.
	return t
}

func (s *simulation) phase(p Phase, excuse *Excuse, most int, end float64) Outcome {
	o := Outcome{Phase: p, Began: s.now}
	asked := s.now
	s.counted = 0
	for i := 0; ; i++ {
		s.now = o.Began + float64(i)/p.Rate
		if s.now-o.Began >= p.Seconds || i >= most || s.now >= end || s.over(&p, &o) {
			break
		}
		if p.Enough != nil && s.now-asked > 0.5 {
			asked = s.now
			if p.Enough(o.Events) {
				break
			}
		}
		s.latest = max(s.latest, s.now+s.latency/2+s.delay())
		refused := !s.limiter.Take(s.epoch.Add(time.Duration(s.latest*1e9)), 1, s.connection())
		s.sent++
		if refused {
			o.Refused++
		} else {
			o.Accepted++
		}
		e := Event{At: s.now, Answered: s.latest + s.latency/2 + s.jitter*s.rng.Float64(), Refused: refused}
		if excuse != nil {
			s.judged(&o)(excuse.Take(e))
		}
		if p.Enough != nil {
			o.Events = append(o.Events, e)
		}
	}
	if excuse != nil {
		s.judged(&o)(excuse.End())
	}
	o.Took = s.now - o.Began
	return o
}

// over reports whether a phase has had enough refusals.
func (s *simulation) over(p *Phase, o *Outcome) bool {
	if p.excuses() {
		return p.Refusals > 0 && s.counted >= p.Refusals
	}
	return p.Refusals > 0 && o.Refused >= p.Refusals
}

// judged notes what became of refusals.
func (s *simulation) judged(o *Outcome) func(excused, counted int) {
	return func(excused, counted int) {
		o.Excused += excused
		s.counted += counted
	}
}

// delay is how long a publish takes to arrive, in seconds.
func (s *simulation) delay() float64 {
	d := s.jitter * s.rng.Float64()
	if s.rng.Float64() < s.stalls {
		d += 0.008 * s.rng.Float64()
	}
	return d
}

func (s *simulation) connection() uint64 {
	if s.fixed == nil {
		return s.rng.Uint64()
	}
	return s.fixed[s.sent%len(s.fixed)]
}
