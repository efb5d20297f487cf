package search

import (
	"testing"
	"time"

	"momento-bridge/emulator"
)

// stall is a time in which a machine sends nothing, in seconds.
type stall struct{ at, takes float64 }

// overloaded is what a bucket of 100/s makes of 200/s for so many seconds. What the stalls hold up is missing, or, if
// it is late rather, arrives when they end.
func overloaded(t *testing.T, seconds, burst float64, late bool, stalls ...stall) []Event {
	t.Helper()
	epoch := time.Unix(1_800_000_000, 0)
	limiter, err := emulator.NewLimiter(emulator.Settings{Rate: 100, Burst: burst}, 1, epoch)
	if err != nil {
		t.Fatal(err)
	}
	var events []Event
	for i := range int(200 * seconds) {
		at := float64(i) / 200
		arrives := at
		for _, s := range stalls {
			if at >= s.at && at < s.at+s.takes {
				arrives = s.at + s.takes
			}
		}
		if arrives > at && !late {
			continue
		}
		refused := !limiter.Take(epoch.Add(time.Duration(arrives*1e9)), 1, 0)
		events = append(events, Event{At: at, Answered: arrives, Refused: refused})
	}
	return events
}

// After a stall a bucket accepts at once what it has saved meanwhile: that is neither a window's beginning nor a rate.
func TestStallsOfTheMachineAreNoWindowAndNoRate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		stalls []stall
	}{
		{"none", nil},
		{"one", []stall{{3, 0.2}}},
		{"two close together", []stall{{3, 0.2}, {3.3, 0.2}}},
		{"two far apart", []stall{{2, 0.2}, {7, 0.2}}},
		{"three", []stall{{3, 0.15}, {3.25, 0.2}, {5, 0.1}}},
		{"two that are long", []stall{{3, 0.6}, {4, 0.6}}},
	} {
		for _, late := range []bool{false, true} {
			events := overloaded(t, 10, 20, late, c.stalls...)
			rate, _ := Accepted(events, false)
			if p := patternOf(events); rate < 90 || rate > 110 || p.rate < 90 || p.rate > 110 {
				t.Errorf("%s, late %v: %.0f/s are accepted, or %.0f/s, want 100/s", c.name, late, rate, p.rate)
			}
		}
	}
}
