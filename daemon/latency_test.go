package daemon

import (
	"testing"
	"time"
)

func TestLatencyIsThatOfTheLastSeconds(t *testing.T) {
	bounds := []float64{.01, .1, 1}
	var l latencies
	near := func(what string, got *float64, want float64) {
		t.Helper()
		if got == nil || *got < want*.999 || *got > want*1.001 {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	if first := l.add(bounds, []uint64{0, 0, 0}, 0); first.P50 != nil {
		t.Errorf("before any publish: %v", *first.P50)
	}
	now := l.add(bounds, []uint64{50, 100, 100}, 100)
	near("the median on a bound", now.P50, .01)
	near("the 99th of a hundred", now.P99, .0982)
	now = l.add(bounds, []uint64{50, 100, 100}, 200)
	near("beyond the last bound", now.P99, 1)
	capped := latencies{most: .5}
	capped.add(bounds, []uint64{0, 0, 0}, 0)
	now = capped.add(bounds, []uint64{0, 0, 100}, 100)
	near("the median when no attempt may take longer", now.P50, .5)
	near("the 99th then", now.P99, .5)
	for range latencySpan {
		now = l.add(bounds, []uint64{50, 100, 100}, 200)
	}
	if now.P50 != nil {
		t.Errorf("%v although nothing was published for %v", *now.P50, latencySpan*time.Second)
	}
}
