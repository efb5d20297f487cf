package search

import "math"

// confidence of the bounds that are reported.
const confidence = 0.95

// UpperBound is the largest share of refusals that is still likely, at 95 % confidence, when so many of n publishes
// were refused: the upper end of the exact (Clopper-Pearson) interval, one-sided.
func UpperBound(refused, n int) float64 {
	switch {
	case n <= 0 || refused >= n:
		return 1
	case refused == 0:
		return 1 - math.Pow(1-confidence, 1/float64(n))
	}
	low, high := float64(refused)/float64(n), 1.0
	for high-low > 1e-9 {
		p := (low + high) / 2
		if atMost(refused, n, p) > 1-confidence {
			low = p
		} else {
			high = p
		}
	}
	return high
}

// atMost is the probability of at most k of n, each with probability p.
func atMost(k, n int, p float64) float64 {
	sum := 0.0
	for i := range k + 1 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(i + 1))
		c, _ := math.Lgamma(float64(n - i + 1))
		sum += math.Exp(a - b - c + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return sum
}
