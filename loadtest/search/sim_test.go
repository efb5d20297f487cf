package search

import (
	"math/rand/v2"
	"time"

	"momento-bridge/sink/emulator"
)

// simulation is a tester in virtual time in front of one of the emulator's limiters.
type simulation struct {
	limiter emulator.Limiter
	rng     *rand.Rand
	epoch   time.Time
	now     float64
	sent    int
	jitter  float64  // How much later than planned a publish may arrive, in seconds.
	latest  float64  // Arrival.
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
	for _, p := range phases {
		o := s.phase(p, most.Requests-t.sent(), end)
		t.Phases = append(t.Phases, o)
	}
	s.now += 0.001 + 0.02*s.rng.Float64() // Until the last answer.
	return t
}

func (s *simulation) phase(p Phase, most int, end float64) Outcome {
	o := Outcome{Phase: p, Began: s.now}
	asked := s.now
	for i := 0; ; i++ {
		s.now = o.Began + float64(i)/p.Rate
		if s.now-o.Began >= p.Seconds || i >= most || s.now >= end || p.Refusals > 0 && o.Refused >= p.Refusals {
			break
		}
		if p.Enough != nil && s.now-asked > 0.5 {
			asked = s.now
			if p.Enough(o.Events) {
				break
			}
		}
		s.latest = max(s.latest, s.now+s.jitter*s.rng.Float64())
		refused := !s.limiter.Take(s.epoch.Add(time.Duration(s.latest*1e9)), 1, s.connection())
		s.sent++
		if refused {
			o.Refused++
		} else {
			o.Accepted++
		}
		if p.Enough != nil {
			o.Events = append(o.Events, Event{s.now, refused})
		}
	}
	o.Took = s.now - o.Began
	return o
}

func (s *simulation) connection() uint64 {
	if s.fixed == nil {
		return s.rng.Uint64()
	}
	return s.fixed[s.sent%len(s.fixed)]
}
