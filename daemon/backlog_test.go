package daemon

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// scene is a route and what happens to it, in virtual time, second by second.
type scene struct {
	arrivals func(second float64) float64 // Per second.
	quota    func(second float64) float64 // Likewise: what can be published.
	halted   func(second float64) bool
	away     func(second float64) bool
	told     time.Duration // How rarely NATS tells what waits; 0: always.
	random   bool          // Arrivals have no rhythm.
	waiting  float64       // At the beginning.
	seconds  int
}

// moment is what is told at one moment, and what is true.
type moment struct {
	second float64
	view   view
	drain  float64 // Seconds; +Inf: never.
	keeps  bool    // Nothing waits for longer than a moment, or nearly so.
	since  float64 // For how long nothing has changed.
}

func constant(n float64) func(float64) float64 { return func(float64) float64 { return n } }

// steps is before until a second, and after from then on.
func steps(second, before, after float64) func(float64) float64 {
	return func(at float64) float64 {
		if at < second {
			return before
		}
		return after
	}
}

func between(from, to float64) func(float64) bool {
	return func(at float64) bool { return at >= from && at < to }
}

// play plays it and calls look at each second with what has been told.
func (s scene) play(look func(m moment)) {
	const tick = .01
	epoch := time.Unix(1_800_000_000, 0)
	random := rand.New(rand.NewPCG(1, 2))
	off := func(float64) bool { return false }
	if s.halted == nil {
		s.halted = off
	}
	if s.away == nil {
		s.away = off
	}
	var (
		r                            = backlog{begun: true}
		arrived, done, budget, begun float64
		queue                        []float64 // When what waits has come, the oldest first.
		heard, counted               = 0.0, s.waiting
		state                        string
		changed                      float64
	)
	for range int(s.waiting) {
		queue = append(queue, -1)
	}
	arrived, begun = s.waiting, s.waiting
	due := 0.0
	for i := 0; i <= int(float64(s.seconds)/tick); i++ {
		at := float64(i) * tick
		rate, quota, halted, away := s.arrivals(at), s.quota(at), s.halted(at), s.away(at)
		if now := fmt.Sprint(rate, quota, halted, away); now != state {
			state, changed = now, at
		}
		due += rate * tick
		if s.random {
			due -= rate * tick
			if random.Float64() < rate*tick {
				due++
			}
		}
		for ; due >= 1; due-- {
			queue, arrived = append(queue, at), arrived+1
		}
		budget = min(budget+quota*tick, max(1, quota*.2))
		for ; budget >= 1 && len(queue) > 0 && !halted && !away; budget-- {
			queue, done = queue[1:], done+1
		}
		if !away && at-heard >= s.told.Seconds() {
			heard, counted = at, arrived
		}
		if i%100 != 0 || i == 0 {
			continue
		}
		now := epoch.Add(time.Duration(at * float64(time.Second)))
		one := sample{
			at: now, heard: epoch.Add(time.Duration(heard * float64(time.Second))), halted: halted, away: away,
			byQuota: len(queue) > 0, arrived: counted - begun, done: done, accepted: done, cost: done,
			quota: quota, share: 1, perPublish: 1,
		}
		one.told = one.heard
		one.waiting = max(0, int64(counted-done))
		one.held = min(20, one.waiting)
		one.stored, one.queued = one.waiting-one.held, one.held
		if len(queue) > 0 {
			one.oldest = epoch.Add(time.Duration(queue[0] * float64(time.Second)))
		}
		r.add(one)
		m := moment{second: at, view: viewOf(r.samples), since: at - changed, drain: math.Inf(1)}
		if quota > rate {
			m.drain = float64(len(queue)) / (quota - rate)
		}
		m.keeps = len(queue) == 0 || at-queue[0] < 3
		look(m)
	}
}

// scenes are what a route goes through.
func scenes() map[string]scene {
	all := map[string]scene{
		"burst of 0.2 s": {
			arrivals: func(at float64) float64 {
				if at >= 20 && at < 20.2 {
					return 1000
				}
				return 0
			},
			quota: constant(20), seconds: 60,
		},
		"bursts of 0.2 s each 15 s": {
			arrivals: func(at float64) float64 {
				if math.Mod(at, 15) < .2 {
					return 500
				}
				return 2
			},
			quota: constant(20), seconds: 90,
		},
		"quota halved":    {arrivals: constant(15), quota: steps(30, 40, 20), waiting: 2000, seconds: 70},
		"quota below":     {arrivals: constant(15), quota: steps(30, 40, 10), waiting: 2000, seconds: 60},
		"quota above":     {arrivals: constant(15), quota: steps(30, 10, 60), waiting: 500, seconds: 45},
		"halt and resume": {arrivals: constant(10), quota: constant(20), halted: between(10, 30), seconds: 60},
		"halt of a backlog": {
			arrivals: constant(10), quota: constant(20), halted: between(10, 30), waiting: 1000, seconds: 60,
		},
		"reconnect": {
			arrivals: constant(10), quota: constant(20), away: between(10, 40), waiting: 500, seconds: 70,
		},
		"reconnect, told 5 s": {
			arrivals: constant(10), quota: constant(20), away: between(10, 40), told: 5 * time.Second, waiting: 500,
			seconds: 80,
		},
		"burst ends":  {arrivals: steps(20, 100, 5), quota: constant(30), seconds: 60},
		"load begins": {arrivals: steps(20, 5, 60), quota: constant(30), seconds: 60},
		"load ends":   {arrivals: steps(20, 60, 0), quota: constant(30), seconds: 50},
		"cold start": {
			arrivals: constant(5), quota: func(at float64) float64 { return min(20, 1+5*at) }, waiting: 300,
			seconds: 30,
		},
	}
	for _, load := range []float64{.5, .7, .8, .9, 1.1, 1.3, 1.5} {
		for _, told := range []time.Duration{0, 2 * time.Second, 5 * time.Second} {
			all[fmt.Sprintf("load %g told each %v", load, told)] = scene{
				arrivals: constant(load * 20), quota: constant(20), told: told, waiting: 2000, seconds: 40,
			}
		}
		all[fmt.Sprintf("load %g at random", load)] = scene{
			arrivals: constant(load * 100), quota: constant(100), random: true, waiting: 5000, seconds: 60,
		}
	}
	return all
}

// After each change it takes ten seconds at the most until something is said, and what is said is right.
func TestForecastsAreRightOnceTheySayANumber(t *testing.T) {
	t.Parallel()
	for name, s := range scenes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			worst, unknown, never := 0.0, 0.0, 0
			s.play(func(m moment) {
				f := m.view.forecast
				slack := 10 + s.told.Seconds()
				switch {
				case f.Outlook == notKnown:
					if !m.keeps && !m.view.now.away {
						unknown = max(unknown, m.since)
					}
				case m.since < 3+s.told.Seconds() || m.keeps && f.Outlook == keepingUp:
				case f.Outlook == keepingUp:
					t.Errorf("at %v s: %s, and the oldest waits for %v s", m.second, f.Text, m.view.oldest)
				case f.Outlook == fallingBehind:
					if never++; !math.IsInf(m.drain, 1) && !m.view.now.halted {
						t.Errorf("at %v s: %s, and it is gone in %v s", m.second, f.Text, m.drain)
					}
				case math.IsInf(m.drain, 1):
					t.Errorf("at %v s: %s, and it is never gone", m.second, f.Text)
				case m.drain > 4:
					off := math.Abs(f.Drain.Seconds()/m.drain - 1)
					if worst = max(worst, off); off > .25 {
						t.Errorf("at %v s, %v s after a change: %s, and it is gone in %v s", m.second, m.since, f.Text,
							m.drain)
					}
				}
				if unknown > slack {
					t.Errorf("at %v s nothing is known %v s after a change: %s", m.second, m.since, f.Text)
					unknown = 0
				}
			})
			t.Logf("off by %.0f %% at most, unknown for %.0f s at most, never %d times", 100*worst, unknown, never)
		})
	}
}

// The numbers of a route that has no room come in steps, when the server is asked.
func TestWhatComesIsTheMeanOverTheServersSteps(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		told time.Duration
		rate float64
	}{
		"at once": {0, 15}, "each 2 s": {2 * time.Second, 15}, "each 5 s": {5 * time.Second, 15}, "nothing": {0, 0},
	} {
		scene{
			arrivals: constant(tt.rate), quota: constant(5), told: tt.told, waiting: 500, seconds: 40,
		}.play(func(m moment) {
			if in := m.view.rates.In; m.second > 12 && math.Abs(in-tt.rate) > .5 {
				t.Errorf("%s: at %v s %v messages/s come, want %v", name, m.second, in, tt.rate)
			}
		})
	}
}

func TestOneMomentSaysOneThing(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	for name, tt := range map[string]struct {
		change func(s *sample)
		kind   outlook
		text   string
	}{
		"nothing waits":  {func(*sample) {}, keepingUp, "keeping up"},
		"not consuming":  {func(s *sample) { s.begun = false }, notKnown, "not known yet"},
		"not heard":      {func(s *sample) { s.heard = time.Time{} }, notKnown, "not known yet"},
		"away":           {func(s *sample) { s.away = true }, notKnown, "not known while nothing comes from NATS"},
		"paused":         {func(s *sample) { s.halted = true }, keepingUp, "keeping up"},
		"others have it": {func(s *sample) { s.beside = 40 }, keepingUp, "keeping up"},
		"paused with a backlog": {
			func(s *sample) { s.halted, s.stored = true, 7 }, fallingBehind,
			"never while the route stands still: 7 waiting, arrivals 0/s",
		},
		"away with a backlog": {
			func(s *sample) { s.away, s.stored, s.heard = true, 70, s.at.Add(-12*time.Second) }, notKnown,
			"not known while nothing comes from NATS: 70 waiting when it told of that last, 12s ago",
		},
		"strayed": {
			func(s *sample) { s.strayed = 83 }, notKnown,
			"not known yet: 83 messages were given out before and come again within ack_wait (30 s)",
		},
		"put aside": {
			func(s *sample) { s.queued, s.held, s.still, s.oldest = 5, 5, 5, s.at.Add(-time.Hour) }, keepingUp,
			"keeping up, but for 5 put aside",
		},
		"dry": {
			func(s *sample) { s.stored, s.oldest = 70, s.at.Add(-time.Minute) }, notKnown,
			"not known while nothing comes from NATS: 70 waiting",
		},
		"being published": {func(s *sample) { s.held = 3 }, keepingUp, "keeping up"},
	} {
		r := backlog{begun: true}
		for i := range 8 {
			at := now.Add(time.Duration(i) * time.Second)
			s := sample{at: at, heard: at, told: at, begun: true, ackWait: 30 * time.Second}
			tt.change(&s)
			s.waiting = s.stored + s.strayed + s.beside + s.held
			r.begun = s.begun
			r.add(s)
		}
		if f := viewOf(r.samples).forecast; f.Outlook != tt.kind || f.Text != tt.text {
			t.Errorf("%s: %v, %q, want %v, %q", name, f.Outlook, f.Text, tt.kind, tt.text)
		}
	}
}

func TestBurstIsNoNews(t *testing.T) {
	t.Parallel()
	r := backlog{told: keepingUp}
	scenes()["burst of 0.2 s"].play(func(m moment) {
		if r.news(m.view.forecast.Outlook) && r.told == fallingBehind {
			t.Errorf("at %v s it is a warning: %s", m.second, m.view.forecast.Text)
		}
	})
}
