package daemon

import (
	"math"
	"testing"
)

func TestForecastSaysWhenABacklogIsGone(t *testing.T) {
	f := func(l load, want string) {
		t.Helper()
		if got := l.forecast().Text; got != want {
			t.Errorf("%+v: %q, want %q", l, got, want)
		}
	}
	f(load{Waiting: 0, Arrivals: 5, Capacity: 10}, "keeping up")
	f(load{Waiting: 20, Arrivals: 10, Capacity: 10}, "keeping up")
	f(load{Waiting: 1_000_000, Arrivals: 10, Capacity: math.Inf(1)}, "keeping up")
	f(load{Waiting: 1200, Arrivals: 4, Capacity: 10, Quota: true},
		"drained in 3m20s: 1200 waiting, arrivals 4/s, publishing 10/s")
	f(load{Waiting: 444, Arrivals: 37, Capacity: 10, Quota: true, PerBatch: 7.4},
		"never: arrivals 37/s, quota 10/s; with batch: json it would be 12s")
	f(load{Waiting: 444, Arrivals: 37, Capacity: 10, Quota: true, PerBatch: 3}, "never: arrivals 37/s, quota 10/s")
	f(load{Waiting: 444, Arrivals: 370, Capacity: 10}, "never: arrivals 370/s, publishing 10/s")
	f(load{Waiting: 100, Arrivals: 0, Capacity: 0}, "never: arrivals 0/s, publishing 0/s")
	f(load{Waiting: 100, Arrivals: 3, Capacity: 10, Quota: true, Halted: true},
		"never while the route stands still: 100 waiting, arrivals 3/s")
	f(load{Waiting: 0, Arrivals: 3, Capacity: 10, Halted: true}, "keeping up")
	f(load{Waiting: 100, Arrivals: 9.95, Capacity: 10, Quota: true}, "never: arrivals 9.9/s, quota 10/s")
}
