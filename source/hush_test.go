package source

import (
	"fmt"
	"reflect"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhatRepeatsIsLoggedNowAndThenWithItsCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var h hush
		f := func(kind string, wantAttrs []any, wantDue bool) {
			t.Helper()
			if attrs, due := h.due(kind); due != wantDue || !reflect.DeepEqual(attrs, wantAttrs) {
				t.Errorf("due(%s) = %v, %t, want %v, %t", kind, attrs, due, wantAttrs, wantDue)
			}
		}
		f("a", nil, true)
		f("a", nil, false)
		f("b", nil, true)
		f("a", nil, false)
		time.Sleep(quietTime)
		f("a", []any{"not_logged_before", 2}, true)
		f("b", nil, true)
	})
}

func TestKindsOfLinesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var h hush
		logged := 0
		for range 3 {
			for i := range 1000 {
				if _, due := h.due(fmt.Sprint(i)); due {
					logged++
				}
			}
			time.Sleep(quietTime)
		}
		if logged != 3*quietKinds || len(h.kinds) > quietKinds {
			t.Errorf("%d lines and %d kinds, want %d and at most %d", logged, len(h.kinds), 3*quietKinds, quietKinds)
		}
	})
}
