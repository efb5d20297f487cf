package logthrottle

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhatRepeatsIsToldNowAndThenWithItsCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var k kinds
		f := func(kind string, wantPassed int, wantDue bool) {
			t.Helper()
			if passed, due := k.due(kind); due != wantDue || passed != wantPassed {
				t.Errorf("due(%s) = %d, %t, want %d, %t", kind, passed, due, wantPassed, wantDue)
			}
		}
		f("a", 0, true)
		f("a", 0, false)
		f("b", 0, true)
		f("a", 0, false)
		time.Sleep(Interval - time.Nanosecond)
		f("a", 0, false)
		time.Sleep(time.Nanosecond)
		f("a", 3, true)
		f("b", 0, true)
	})
}

func TestKindsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var k kinds
		told := 0
		for range 3 {
			for i := range 1000 {
				if _, due := k.due(fmt.Sprint(i)); due {
					told++
				}
			}
			time.Sleep(Interval)
		}
		if told != 3*most || len(k.repeats) > most {
			t.Errorf("%d told of %d kinds, want %d of at most %d", told, len(k.repeats), 3*most, most)
		}
	})
}
