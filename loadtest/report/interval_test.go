package report

import (
	"math"
	"testing"
)

func TestIntervalsAreThoseOfTheTables(t *testing.T) {
	f := func(k, n int, low, high float64) {
		t.Helper()
		l, h := interval(k, n)
		if math.Abs(l-low) > 6e-5 || math.Abs(h-high) > 6e-5 {
			t.Errorf("%d of %d: %.5f to %.5f, want %.4f to %.4f", k, n, l, h, low, high)
		}
	}
	f(0, 0, 0, 1)
	f(0, 10, 0, 0.3085)
	f(1, 10, 0.0025, 0.4450)
	f(5, 10, 0.1871, 0.8129)
	f(10, 10, 0.6915, 1)
	f(3, 100, 0.0062, 0.0852)
	f(0, 1, 0, 0.975)
}

// Beyond tables: at either end the probability of what was seen, or more extreme, is 2.5 %.
func TestIntervalsAreExact(t *testing.T) {
	atMost := func(k, n int, p float64) float64 {
		sum := 0.0
		all, _ := math.Lgamma(float64(n + 1))
		for i := range k + 1 {
			a, _ := math.Lgamma(float64(i + 1))
			b, _ := math.Lgamma(float64(n - i + 1))
			sum += math.Exp(all - a - b + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
		}
		return sum
	}
	for _, c := range [][2]int{{1, 300}, {17, 4025}, {1500, 3000}, {2999, 3000}, {1, 1_000_000}, {200_000, 1_000_000}} {
		k, n := c[0], c[1]
		low, high := interval(k, n)
		if below := 1 - atMost(k-1, n, low); math.Abs(below-0.025) > 1e-4 {
			t.Errorf("%d of %d: from the lower end %g on, that many come with probability %.5f", k, n, low, below)
		}
		if above := atMost(k, n, high); math.Abs(above-0.025) > 1e-4 {
			t.Errorf("%d of %d: up to the upper end %g, so few come with probability %.5f", k, n, high, above)
		}
	}
}
