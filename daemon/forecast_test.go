package daemon

import (
	"math"
	"testing"
	"time"
)

func TestForecastSaysWhenABacklogIsGone(t *testing.T) {
	t.Parallel()
	const long = time.Minute
	for _, tt := range []struct {
		load load
		want string
	}{
		{
			load{Seen: long, Waiting: 1200, Arrivals: 4, Capacity: 10, Quota: true},
			"drained in 3m20s: 1 200 waiting, arrivals 4/s, publishing 10/s",
		},
		{
			load{Seen: long, Waiting: 444, Arrivals: 37, Capacity: 10, Quota: true, PerBatch: 7.4},
			"never: arrivals 37/s, quota 10/s; with batch: json it would be 12s",
		},
		{
			load{Seen: long, Waiting: 444, Arrivals: 37, Capacity: 10, Quota: true, PerBatch: 3},
			"never: arrivals 37/s, quota 10/s",
		},
		{load{Seen: long, Waiting: 444, Arrivals: 370, Capacity: 10}, "never: arrivals 370/s, publishing 10/s"},
		{load{Seen: long, Waiting: 100}, "never while nothing is published: 100 waiting"},
		{
			load{Seen: long, Waiting: 100, Arrivals: 9.95, Capacity: 10, Quota: true},
			"never: arrivals 9.9/s, quota 10/s",
		},
		{load{Seen: long, Waiting: 10, Capacity: math.Inf(1)}, "not known yet: 10 waiting"},
		{load{Seen: 2 * time.Second, Waiting: 10, Arrivals: 4, Capacity: 9}, "not known yet: 10 waiting"},
		{
			load{Seen: 4 * time.Second, Waiting: 10, Arrivals: 20, Capacity: 9},
			"not known yet: 10 waiting, arrivals about 20/s, publishing about 9/s",
		},
		{load{Seen: 6 * time.Second, Waiting: 10, Arrivals: 20, Capacity: 9}, "never: arrivals 20/s, publishing 9/s"},
		{
			load{Seen: 6 * time.Second, Waiting: 10, Arrivals: 20, Capacity: 18, Doubt: 2},
			"not known yet: 10 waiting, arrivals about 20/s, publishing about 18/s",
		},
	} {
		if got := tt.load.forecast().Text; got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.load, got, tt.want)
		}
	}
}

// A rate that doubles each second says nothing of when a backlog will be gone.
func TestNothingIsForetoldWhileTheQuotaIsBeingFound(t *testing.T) {
	t.Parallel()
	seen := func(rising bool) outlook {
		r := backlog{begun: true}
		for i := range 9 {
			at := time.Unix(1_800_000_000, 0).Add(time.Duration(i) * time.Second)
			r.add(sample{
				at: at, told: at, heard: at, byQuota: true, rising: rising,
				arrived: float64(60 + 14*i), done: float64(7 * i),
				waiting: int64(60 + 7*i), held: int64(60 + 7*i), queued: int64(60 + 7*i),
			})
		}
		v := viewOf(r.samples)
		return v.forecast.Outlook
	}
	if got := seen(true); got != notKnown {
		t.Errorf("while it is being found: %v", got)
	}
	if got := seen(false); got != fallingBehind {
		t.Errorf("where it is what it is: %v", got)
	}
}

// What is published is never steady, and still becomes less: that is said in the end.
func TestWhatIsNeverSteadyIsForetoldByItsMean(t *testing.T) {
	t.Parallel()
	r, done := backlog{begun: true}, 0.0
	for i := range 30 {
		at := time.Unix(1_800_000_000, 0).Add(time.Duration(i) * time.Second)
		done += []float64{5, 5, 45, 45}[i%4]
		left := int64(2000 + 10*float64(i) - done)
		r.add(sample{
			at: at, told: at, heard: at, arrived: float64(2000 + 10*i), done: done,
			waiting: left, held: left, queued: left,
		})
		v := viewOf(r.samples)
		if i < 12 {
			continue
		}
		want := float64(left) / (25 - 10)
		if got := v.forecast.Drain.Seconds(); v.forecast.Outlook != catchingUp || math.Abs(got-want) > .3*want {
			t.Errorf("after %d s: %+v, want about %.0f s", i, v.forecast, want)
		}
	}
}
