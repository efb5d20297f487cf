package search

import (
	"slices"
	"testing"
)

// A request that is held up alone is refused because of those that were sent after it and have passed it.
func TestRefusalIsExcusedByWhatWasSentAfterItAndCameBeforeIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name             string
		answered         float64 // When the refusal was.
		excused, counted int
	}{
		{"it was held up, and ten came before it", 1.04, 1, 0},
		{"it was answered at once, and nine came before it", 0.951, 0, 1},
	} {
		x := ExcuseOf(&Phase{Rate: 10, Window: 1, Room: 10, Within: 1}, 0)
		excused, counted := 0, 0
		note := func(e, c int) { excused, counted = excused+e, counted+c }
		for i := range 12 {
			at := 0.1 * float64(i)
			if i == 10 { // Sent a little early, with others close behind it.
				note(x.Take(Event{At: 0.95, Answered: c.answered, Refused: true}))
			}
			if i > 0 {
				note(x.Take(Event{At: at, Answered: at + 0.001}))
			}
		}
		note(x.End())
		if excused != c.excused || counted != c.counted {
			t.Errorf("%s: %d excused, %d counted, want %d, %d", c.name, excused, counted, c.excused, c.counted)
		}
	}
}

// The limiter takes a publish somewhere between the moments when it was sent and answered: a length that is told from
// that holds the truth.
func TestLengthOfAWindowIsWithinWhatIsToldOfIt(t *testing.T) {
	t.Parallel()
	for _, rate := range busyRates {
		for _, l := range busyLimiters {
			for _, share := range []float64{0, 1, 10} {
				sim := newBusyTester(newSimulation(l.make(rate), 1), 1, share, share)
				if l.kind == Bucket {
					continue
				}
				o := sim.Run(Cap{1e6, 1e6}, LevelAt(2*rate)).Phases[0]
				at := patternOf(o.Events)
				events := o.Events[firstRefusal(o.Events):]
				length, ok := fixedLength(events, at.starts, int(rate))
				if l.kind == Sliding {
					length, ok = slidingLength(o.Events, int(rate))
				}
				if !ok || length.least > 1 || length.most < 1 || length.most-length.least > 0.1 {
					t.Errorf("%s at %g, %g times as busy: %+v, %v", l.name, rate, share, length, ok)
				}
			}
		}
	}
}

// What comes late hides the end of one window in ten, and that of another one is late.
func TestWindowIsSeenAlthoughOneOfItsEndsIsHidden(t *testing.T) {
	t.Parallel()
	starts := []float64{0, 1, 2.12, 3, 4, 5, 6, 8, 9, 10}
	run, window := period(starts, 0.01)
	if window < 0.99 || window > 1.01 || !slices.Equal(run, starts[:7]) {
		t.Errorf("a window of %g s, from %v", window, run)
	}
	for _, starts := range [][]float64{
		{0, 1, 2, 4},
		{0, 1, 3, 3.5, 6, 7, 9},
		{0, 0.3, 2, 3.1, 3.3, 7, 7.2},
	} {
		if _, window := period(starts, 0.01); window != 0 {
			t.Errorf("of %v a window of %g s is told", starts, window)
		}
	}
}
