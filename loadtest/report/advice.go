package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"momento-bridge/loadtest/figure"
)

const (
	// below is how far below the clean rate the recommended one is, as a share: what timers, retries and a little drift
	// of the limit take.
	below = 0.02
	// ofBurst is how much of a burst is used.
	ofBurst = 0.9
	// kilobyte is what an operation carries, in bytes.
	kilobyte = 1024
)

// Advice is what to write into the daemon's configuration: a number, or auto. It is empty for a rate test.
type Advice struct {
	Lines []string // YAML.
	Why   string
}

// Advice says which it is. Only what is proved becomes a number: what is less than that is no better than what the
// daemon learns from refusals.
func (r *Report) Advice() Advice {
	switch {
	case r.Test == Rate:
		return Advice{}
	case r.Verdict == Proved:
		return r.number()
	case byVerdict(r.Limiter):
		return auto("the limit is " + r.Limiter + ": no number is right for long, and auto goes by the refusals")
	case r.FailingRate == nil:
		return auto("no limit was found: auto goes by the refusals, if there are any")
	case r.onlyBracketed():
		return auto("the clean rate may only have passed because of a burst: auto goes by the refusals")
	}
	return auto("nothing is proved: auto goes by the refusals")
}

func auto(why string) Advice { return Advice{[]string{"limits:", "  rate: auto"}, why} }

// number is the advice of a proof.
func (r *Report) number() Advice {
	burst, why := r.burst()
	rate := *r.CleanRate * (1 - below)
	why = fmt.Sprintf("%s below the clean rate; the burst %s", figure.Share(below), why)
	lines := []string{"limits:"}
	if r.countsOperations() {
		each := math.Ceil(float64(max(1, r.Target.Bytes)) / kilobyte)
		rate, burst = rate*each, burst*int(each)
		lines = append(lines, "  unit: operations")
		why += fmt.Sprintf("; counted in operations, of which each publish of the test was %.0f", each)
	}
	return Advice{append(lines, "  rate: "+roundDown(rate), "  burst: "+strconv.Itoa(burst)), why}
}

// countsOperations reports whether the size or the subscribers were seen to count.
func (r *Report) countsOperations() bool {
	for _, d := range r.Dimensions {
		if d.Counts && d.Unfit == "" && (d.Name == "size" || strings.HasPrefix(d.Name, "subscriber")) {
			return true
		}
	}
	return false
}

// burst is what may be sent at once without a refusal, at the recommended rate. A bucket refuses only what exceeds its
// own burst. A window must not have more than it allows: the rate uses most of that, the rest may be a burst.
func (r *Report) burst() (int, string) {
	second := max(1, int(*r.CleanRate*(1-below)))
	switch {
	case r.Limiter == "bucket" && r.Burst != nil && r.BurstConfidence != ConfidenceLow:
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
