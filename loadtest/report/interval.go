package report

import "math"

// interval returns the exact two-sided interval (Clopper-Pearson, 95 % confidence) of a share of which k of n were
// seen. Without any it is 0 to 1.
func interval(k, n int) (low, high float64) {
	const tail = 0.025
	high = 1
	if k > 0 {
		low = betaQuantile(tail, float64(k), float64(n-k+1))
	}
	if k < n {
		high = betaQuantile(1-tail, float64(k+1), float64(n-k))
	}
	return low, high
}

// betaQuantile returns the x below which a share p of the beta distribution lies.
func betaQuantile(p, a, b float64) float64 {
	low, high := 0.0, 1.0
	for high-low > 1e-9*high && high > 1e-12 {
		x := (low + high) / 2
		if betaShare(x, a, b) < p {
			low = x
		} else {
			high = x
		}
	}
	return high
}

// betaShare is the share of the beta distribution below x, for 0 < x < 1: the regularised incomplete beta function.
func betaShare(x, a, b float64) float64 {
	ab, _ := math.Lgamma(a + b)
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	front := math.Exp(ab - la - lb + a*math.Log(x) + b*math.Log1p(-x))
	if x < (a+1)/(a+b+2) {
		return front / a * betaFraction(x, a, b)
	}
	return 1 - front/b*betaFraction(1-x, b, a)
}

// betaFraction is the continued fraction of the incomplete beta function (DLMF 8.17.22), from the front, as Lentz does
// it. It needs about the square root of the greater parameter in terms.
func betaFraction(x, a, b float64) float64 {
	const terms = 100_000
	c, d := 1.0, 1-(a+b)*x/(a+1)
	d = 1 / nonzero(d)
	f := d
	for i := 1; i <= terms; i++ {
		m := float64(i)
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d, c = 1/nonzero(1+even*d), nonzero(1+even/c)
		f *= d * c
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d, c = 1/nonzero(1+odd*d), nonzero(1+odd/c)
		f *= d * c
		if math.Abs(d*c-1) < 1e-14 {
			break
		}
	}
	return f
}

func nonzero(x float64) float64 {
	const tiny = 1e-300
	if math.Abs(x) < tiny {
		return tiny
	}
	return x
}
