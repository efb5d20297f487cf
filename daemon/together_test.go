package daemon

import (
	"math"
	"testing"
	"time"
)

func TestWhatOneRouteDoesNotNeedTheOthersHave(t *testing.T) {
	t.Parallel()
	f := func(name string, quota float64, parts []part, want ...float64) {
		t.Helper()
		for i, got := range drains(quota, parts) {
			if math.Abs(got-want[i]) > .001*want[i] && got != want[i] {
				t.Errorf("%s: %d is done after %v s, want %v", name, i, got, want[i])
			}
		}
	}
	never := math.Inf(1)
	f("alone", 30, []part{{waiting: 100, arrivals: 10, share: 1}}, 5)
	f("alone and too much", 30, []part{{waiting: 100, arrivals: 30, share: 1}}, never)
	f("the same", 40, []part{{100, 10, .5}, {100, 10, .5}}, 10, 10)
	// The first is done after 5 s at 20/s. Then the second has 30/s: 250 - 5*10 = 200 wait, which takes 10 s.
	f("the second has more once the first is done", 40, []part{{50, 10, .5}, {250, 10, .5}}, 5, 15)
	f("one of them for ever", 40, []part{{50, 10, .5}, {50, 30, .5}}, 5, never)
	f("first behind, then not", 40, []part{{50, 5, .5}, {50, 25, .5}}, 50./15, 50./15+(50+5*50./15)/10)
	f("by weight", 40, []part{{100, 0, .75}, {100, 0, .25}}, 100./30, 5)
}

func TestRoutesThatShareAQuotaAreForetoldTogether(t *testing.T) {
	t.Parallel()
	busy := func(waiting int64, arrivals, capacity float64) view {
		l := load{Waiting: waiting, Arrivals: arrivals, Capacity: capacity, Quota: true, Seen: time.Minute}
		return view{
			load: l, forecast: l.forecast(), spent: capacity, each: 1,
			now: sample{busy: true, waiting: waiting, held: waiting, quota: 40, share: .5},
		}
	}
	alone := busy(250, 10, 20)
	if alone.forecast.Drain != 25*time.Second {
		t.Fatalf("alone: %+v", alone.forecast)
	}
	views := []view{busy(50, 10, 20), busy(250, 10, 20)}
	together(views)
	for i, want := range []time.Duration{5 * time.Second, 15 * time.Second} {
		if got := views[i].forecast; got.Drain != want || got.Outlook != catchingUp {
			t.Errorf("%d: %+v, want %v", i, got, want)
		}
	}
	behind := []view{busy(50, 5, 20), busy(50, 25, 20)}
	if behind[1].forecast.Outlook != fallingBehind {
		t.Fatalf("alone: %+v", behind[1].forecast)
	}
	together(behind)
	if got := behind[1].forecast; got.Outlook != catchingUp {
		t.Errorf("once the first is done there is enough: %+v", got)
	}
	unsure := func(since time.Duration, quota float64) forecast {
		views := []view{busy(50, 10, 20), busy(250, 10, 20)}
		for i := range views {
			v := &views[i]
			v.forecast, v.unsure, v.since, v.now.quota = forecast{Text: "not known yet"}, true, since, quota
		}
		together(views)
		return views[1].forecast
	}
	if got := unsure(soonest, 40); got.Drain != 15*time.Second {
		t.Errorf("where the quota is known, what is published need not be steady: %+v", got)
	}
	if got := unsure(soonest-1, 40); got.Outlook != notKnown {
		t.Errorf("at once: %+v", got)
	}
	if got := unsure(soonest, 10); got.Outlook != notKnown {
		t.Errorf("never is said of what is steady alone: %+v", got)
	}
	last := []view{busy(50, 10, 20), busy(250, 10, 20)}
	last[0].now.busy, last[0].now.waiting, last[0].now.held = false, 0, 0
	last[1].forecast, last[1].unsure, last[1].since = forecast{Text: "not known yet"}, true, soonest
	together(last)
	if got := last[1].forecast; got.Drain != 12500*time.Millisecond {
		t.Errorf("the last one has what the others do not need: %+v", got)
	}
	spoilt := func(change func(*view)) {
		t.Helper()
		views := []view{busy(50, 10, 20), busy(250, 10, 20)}
		change(&views[0])
		together(views)
		if got := views[1].forecast; got != alone.forecast {
			t.Errorf("%+v, want what it is alone", got)
		}
	}
	unknown := []view{busy(50, 10, 20), busy(250, 10, 20)}
	unknown[0].now.quota, unknown[1].now.quota = 0, 0
	together(unknown)
	if got := unknown[1].forecast; got != alone.forecast {
		t.Errorf("where the quota is not known: %+v, want what it is alone", got)
	}
	spoilt(func(v *view) { v.each = 0 })
	spoilt(func(v *view) { v.now.busy = false })
	spoilt(func(v *view) { v.spent = 1 })
}
