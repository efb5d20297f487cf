package quota

import "math"

// surplus adds up how many refusals there are beyond what a share explains (a CUSUM): each refusal adds one, each
// publish takes the share off first, and what is below zero does not count.
type surplus float64

func (s *surplus) count(refused bool, share float64) {
	*s = max(0, *s-surplus(share))
	if refused {
		*s++
	}
}

const (
	// negligible is the share of refusals that no limiter's work need explain: lost packets, restarts, a full queue.
	negligible = 0.001
	// beyond is how many times the usual share is a surplus. The rate then is a little above the quota.
	beyond = 1.5
	// A surplus of beyond times the usual share grows by chance as exp(chance × surplus).
	chance = 0.75
	// memory is for how long a surplus should not come by chance, in seconds, about: two climbs or three.
	memory = 20.0
	// thickShare is a share of refusals that is a limiter's doing, as noise is not believed to be so frequent.
	thickShare = 0.25
	// thickest is the surplus beyond thickShare that tells at 10 publishes a second: three refusals in a row.
	thickest = 2.5
)

// tolerated returns the surplus of refusals that is no exhaustion yet, at this many publishes per second, a share of
// which is refused at any rate: so much that chance explains it within memory. At a few publishes per second it is
// none, and the first refusal counts.
func tolerated(publishes, share float64) float64 {
	explained := max(negligible, share) * publishes * memory
	return 1 + math.Log(1+max(0, explained-2))/chance
}

// thick returns the surplus beyond thickShare that shows that the quota is far below the rate. It is higher at higher
// rates, so that chance takes as long at each of them; a surplus then comes sooner as well.
func thick(publishes float64) float64 { return thickest + math.Log(max(1, publishes/FirstRate))/2 }

// tooMany returns how many refusals in a row are not explained by a share of noise: as many as come in a row once in
// a thousand times, and two at least.
func tooMany(share float64) int {
	if share == 0 {
		return 2
	}
	return max(2, int(math.Ceil(math.Log(negligible)/math.Log(share))))
}
