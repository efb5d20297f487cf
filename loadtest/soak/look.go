package soak

import (
	"math"
	"time"
)

// look takes a sample now and then.
func (s *Soak) look(done chan struct{}) {
	ticks := time.NewTicker(s.cfg.Every)
	defer ticks.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticks.C:
		}
		if time.Since(s.started) > s.cfg.Duration+s.cfg.Every/2 {
			continue // Less and less is sent while it settles.
		}
		s.sample()
	}
}

func (s *Soak) sample() {
	now, g := time.Now(), s.bridge.Gauges()
	seconds := now.Sub(s.looked).Seconds()
	per := func(now, before float64) float64 { return (now - before) / seconds }
	var d Delivery
	times := newHistogram()
	for _, t := range s.tracks {
		t.add(now, &d, times)
	}
	one := Sample{
		At: now.Sub(s.started).Seconds(), Seconds: seconds, P50: math.NaN(), P99: math.NaN(),
		Rate: per(g.Accepted, s.before.Accepted), Refused: per(g.Refused, s.before.Refused),
		Failed: per(g.Failed, s.before.Failed), Opened: per(g.Opened, s.before.Opened),
		Memory: g.Memory, Heap: g.Heap, Goroutines: g.Goroutines, Files: g.Files,
	}
	if times.TotalCount() > 0 {
		one.P50, one.P99 = float64(times.ValueAtQuantile(50))/1e6, float64(times.ValueAtQuantile(99))/1e6
	}
	s.samples.add(one)
	s.before, s.looked = g, now
	if s.cfg.Progress != nil {
		s.cfg.Progress(Progress{Elapsed: now.Sub(s.started), Of: s.cfg.Duration, Sample: one, Delivery: d})
	}
}
