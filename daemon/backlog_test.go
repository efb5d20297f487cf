package daemon

import (
	"math"
	"testing"
	"time"

	"momento-bridge/pipeline"
)

// loadAfter is the load of a route with half a quota of 50/s, which 20 messages a second reach and from which out(i) go
// in second i.
func loadAfter(seconds int, halted func(i int) bool, out func(i int) float64, limit pipeline.Limit) load {
	d := &Daemon{plan: &Plan{routes: make([]routePlan, 1)}}
	now := time.Now()
	var r backlog
	s := sample{waiting: 100}
	for i := range seconds {
		s.at, s.halted = now.Add(time.Duration(i)*time.Second), halted(i)
		s.arrived += 20
		s.done += out(i)
		s.waiting += int64(20 - out(i))
		r.add(s)
	}
	stats := &pipeline.Stats{
		Quotas: []pipeline.QuotaStats{{Rate: 50}},
		Routes: []pipeline.RouteStats{{Share: .5, LimitedBy: limit}},
	}
	return d.loadOf(0, r.samples, stats)
}

// The seconds in which a route stood still say nothing of what it can do, but what comes is what comes.
func TestForecastAfterAHaltIsOfWhatTheRouteCanDoNow(t *testing.T) {
	f := func(want float64, seconds, haltedUntil int, perSecond float64) {
		t.Helper()
		halted := func(i int) bool { return i < haltedUntil }
		l := loadAfter(seconds, halted, func(i int) float64 {
			if halted(i) || i == haltedUntil {
				return 0
			}
			return perSecond
		}, pipeline.ByQuota)
		if math.Abs(l.Capacity-want) > 1 || math.Abs(l.Arrivals-20) > 1 {
			t.Errorf(
				"%d s after a halt: capacity %v, want %v, arrivals %v", seconds-haltedUntil, l.Capacity,
				want, l.Arrivals)
		}
	}
	f(25, 11, 10, 15) // Its share of the quota, as little has been seen yet.
	f(25, 12, 10, 15)
	f(40, 14, 10, 40) // What has been seen since.
	f(40, 20, 10, 40)
	f(15, 20, 10, 15)
	f(15, 10, 0, 15) // Without a halt.
}

func TestForecastNamesTheQuotaOnlyWhereItHoldsBack(t *testing.T) {
	never := func(int) bool { return false }
	five := func(int) float64 { return 5 }
	if !loadAfter(10, never, five, pipeline.ByQuota).Quota || loadAfter(10, never, five, pipeline.ByBackoff).Quota {
		t.Error("what limits a route is not told from its quota")
	}
}

// While a route takes nothing over, its stream is asked every five seconds for what waits: the numbers come in steps.
func TestArrivalsAreRightThoughNumbersComeInSteps(t *testing.T) {
	now := time.Now()
	f := func(what string, want float64, arrived func(second int) int) {
		t.Helper()
		for phase := range 10 {
			var r backlog
			for i := range sampleCount + 1 {
				r.add(sample{
					at: now.Add(time.Duration(i) * time.Second), halted: true,
					arrived: float64(arrived(i + phase)),
				})
			}
			if got, in := arrivals(r.samples), r.rates().In; math.Abs(got-want) > .1 || math.Abs(in-want) > .1 {
				t.Errorf("%s, phase %d: arrivals %v, in %v, want %v", what, phase, got, in, want)
			}
		}
	}
	f("steady", 20, func(second int) int { return 20 * second })
	f("steps", 20, func(second int) int { return 100 * (second / 5) })
	f("nothing", 0, func(int) int { return 7 })
	f("one step", 150./sampleCount, func(second int) int {
		if second < 10 {
			return 0
		}
		return 150
	})
}

// What waits for topics that are forbidden says nothing of when the others are published, nor does what comes for them.
func TestForecastIsAboutWhatFlows(t *testing.T) {
	t.Parallel()
	d := &Daemon{plan: &Plan{routes: make([]routePlan, 1)}}
	now := time.Now()
	var r backlog
	for i := range 12 {
		n := float64(i)
		r.add(sample{
			at: now.Add(time.Duration(i) * time.Second), arrived: 20 * n, done: 15 * n,
			waiting: int64(100 + 5*i), aside: int64(100 + 5*i),
		})
	}
	l := d.loadOf(0, r.samples, &pipeline.Stats{
		Quotas: []pipeline.QuotaStats{{Rate: 50}},
		Routes: []pipeline.RouteStats{{Share: .5, LimitedBy: pipeline.ByPermission}},
	})
	if l.Waiting != 0 || math.Abs(l.Arrivals-15) > .1 || l.forecast().Outlook != keepingUp {
		t.Errorf("%d wait, %g/s come: %s; want none, 15/s, keeping up", l.Waiting, l.Arrivals, l.forecast().Text)
	}
}
