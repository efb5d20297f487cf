package search

import (
	"math"
	"testing"
)

func TestUpperBoundIsTheExactInterval(t *testing.T) {
	t.Parallel()
	f := func(refused, n int, want float64) {
		t.Helper()
		if got := UpperBound(refused, n); math.Abs(got-want) > 0.0005*math.Max(1, want*100) {
			t.Errorf("%d of %d: %.5f, want %.5f", refused, n, got, want)
		}
	}
	f(0, 300, 0.00994) // About 3/n.
	f(0, 3000, 0.000998)
	f(1, 10, 0.3942) // Clopper-Pearson, from tables.
	f(5, 100, 0.1023)
	f(10, 10, 1)
	f(0, 0, 1)
}
