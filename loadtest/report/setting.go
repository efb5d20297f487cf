package report

import (
	"fmt"
	"math"
	"strconv"

	"momento-bridge/loadtest/figure"
)

const (
	// below is how far below the clean rate the recommended one is, as a share: what timers, retries and a little drift
	// of the limit take.
	below = 0.02
	// farBelow is that where the limit is not proved.
	farBelow = 0.1
	// ofBurst is how much of a burst is used.
	ofBurst = 0.9
)

// setting is a line for the daemon's configuration, and why it is so.
type setting struct {
	line string
	why  string
}

// setting returns what to write into the daemon's configuration.
func (r *Report) setting() setting {
	switch {
	case r.Test == Rate:
		return setting{}
	case r.CleanRate == nil || *r.CleanRate <= 0 || r.FailingRate == nil:
		return setting{"limits: {rate: auto}", "no limit was found: auto goes by the refusals"}
	case r.onlyBracketed():
		return setting{
			"limits: {rate: auto}",
			"the clean rate may only have passed because of a burst: auto goes by the refusals",
		}
	case r.Verdict != Proved:
		return setting{
			fmt.Sprintf("limits: {rate: %s, burst: 1}", roundDown(*r.CleanRate*(1-farBelow))),
			figure.Share(farBelow) + " below the clean rate, because it is not proved; rate: auto goes by the " +
				"refusals instead",
		}
	}
	rate := roundDown(*r.CleanRate * (1 - below))
	burst, why := r.burst()
	return setting{
		fmt.Sprintf("limits: {rate: %s, burst: %d}", rate, burst),
		fmt.Sprintf("%s below the clean rate; the burst %s", figure.Share(below), why),
	}
}

// burst is what may be sent at once without a refusal, at the recommended rate. A bucket refuses only what exceeds its
// own burst. A window must not have more than it allows: the rate uses most of that, the rest may be a burst.
func (r *Report) burst() (int, string) {
	second := max(1, int(*r.CleanRate*(1-below)))
	switch {
	case r.Limiter == "bucket" && r.Burst != nil:
		if part := int(*r.Burst * ofBurst); part <= second {
			return max(1, part), figure.Share(ofBurst) + " of the limit's"
		}
		return second, "a second's worth, less than the limit's"
	case r.WindowSeconds != nil && (r.Limiter == "fixed-window" || r.Limiter == "sliding"):
		return min(second, max(1, int(below**r.CleanRate**r.WindowSeconds))), "what the rate leaves of a window"
	}
	return 1, "none, because what the limit allows is not known"
}

// roundDown writes a rate with three digits, or as many as its whole part has.
func roundDown(rate float64) string {
	scale := math.Pow(10, max(0, 2-math.Floor(math.Log10(rate))))
	return strconv.FormatFloat(math.Floor(rate*scale+1e-9)/scale, 'f', -1, 64)
}
