//go:build !race

package quota_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/test/long"
)

// quotaRows are what the figures are taken for. Sharded and penalising limiters, and buckets without a burst, refuse
// whoever is near the quota: their figures are printed and not judged, in the long form only.
var quotaRows = []quotaRow{
	{emulator.LimiterBucket, 1, true},
	{emulator.LimiterBucket, 0.2, true},
	{emulator.LimiterGCRA, 1, true},
	{emulator.LimiterFixedWindow, 0, true},
	{emulator.LimiterSliding, 0, true},
	{emulator.LimiterBucket, 0, false},
	{emulator.LimiterSlidingPenalty, 0, false},
	{emulator.LimiterSharded, 1, false},
}

type quotaRow struct {
	kind   string
	burst  float64 // In seconds.
	judged bool
}

// rows are those of quotaRows that are to be run.
func rows() []quotaRow {
	return slices.DeleteFunc(slices.Clone(quotaRows), func(r quotaRow) bool { return !r.judged && !long.Asked() })
}

// TestLearnedRateUsesAnUnknownQuota prints the medians of several runs on virtual time, each of 60 s that begin after
// 30 s. The lines are 95 % used and 1 % refused; the test allows twice the distance.
//
//	go test ./pipeline/quota -run LearnedRateUses -v
func TestLearnedRateUsesAnUnknownQuota(t *testing.T) {
	t.Parallel()
	t.Log("limiter          quota  burst    used   (least)  refused (most)")
	for _, row := range rows() {
		for _, quota := range []float64{10, 100, 1000, 5000} {
			if quota > largest() {
				continue
			}
			var used, refused []float64
			for seed := range runs(quota) {
				w := newWire(learning, emulator.Settings{
					Rate: quota, Burst: math.Max(1, row.burst*quota),
					Limiter: row.kind,
				}, seed)
				w.run(30*time.Second + time.Duration(seed)*time.Second)
				f := w.run(60 * time.Second)
				used, refused = append(used, 100*f.used), append(refused, 100*f.refused)
			}
			slices.Sort(used)
			slices.Sort(refused)
			t.Logf("%-16s %5g  %4gs  %6.2f  (%6.2f)  %5.2f  (%5.2f)", row.kind, quota, row.burst, middle(used), used[0],
				middle(refused), refused[len(refused)-1])
			if row.judged && (middle(used) < 90 || middle(refused) > 2) {
				t.Errorf("%s of %g/s: %.1f %% used, %.2f %% refused", row.kind, quota, middle(used), middle(refused))
			}
		}
	}
}

// runs is how many runs a figure is the median of. They are the same each time.
func runs(quota float64) uint64 {
	if quota >= 1000 {
		return long.Or[uint64](1, 3)
	}
	return long.Or[uint64](3, 5)
}

// largest is the largest quota that figures are taken for.
func largest() float64 { return long.Or(1000.0, 5000.0) }

func middle(sorted []float64) float64 { return sorted[len(sorted)/2] }

// TestLearnedRateFollowsAQuotaThatChanges prints the medians of several changes at different moments: after how many
// seconds 90 % of the new quota are used, and what share is refused in the 20 s after the change. The lines are 20 s
// and 5 %; the test allows twice as much.
//
//	go test ./pipeline/quota -run LearnedRateFollows -v
func TestLearnedRateFollowsAQuotaThatChanges(t *testing.T) {
	t.Parallel()
	t.Log("limiter          quota  factor  reached (latest)  refused (most)")
	for _, row := range rows() {
		for _, quota := range []float64{10, 100, 1000} {
			for _, factor := range []float64{0.5, 4} {
				if quota*factor > largest() {
					continue
				}
				var reached, refused []float64
				for moment := range runs(quota) {
					w := newWire(learning, emulator.Settings{
						Rate: quota, Burst: math.Max(1, row.burst*quota),
						Limiter: row.kind,
					}, moment)
					w.run(time.Minute + time.Duration(moment)*3100*time.Millisecond)
					at, share := w.change(factor)
					reached, refused = append(reached, at), append(refused, 100*share)
				}
				slices.Sort(reached)
				slices.Sort(refused)
				t.Logf("%-16s %5g  ×%-4g   %4g s  (%4g s)  %5.2f  (%5.2f)", row.kind, quota, factor, middle(reached),
					reached[len(reached)-1], middle(refused), refused[len(refused)-1])
				if row.judged && quota > 10 && (middle(reached) > 40 || middle(refused) > 10) {
					t.Errorf(
						"%s from %g/s by %g: reached after %g s, %.1f %% refused", row.kind, quota, factor,
						middle(reached), middle(refused))
				}
			}
		}
	}
}

// change multiplies the quota, and returns after how many seconds 90 % of it are used, two seconds taken together, and
// the share refused in the first 20 s.
func (w *wire) change(factor float64) (reached, refused float64) {
	s := w.settings
	s.Rate *= factor
	s.Burst = math.Max(1, s.Burst*factor)
	w.set(s)
	requests, refusals := 0, 0
	before := 0.0
	for i := range 60 {
		f := w.run(time.Second)
		if i < 20 {
			requests += w.requests
			refusals += w.refusals
		}
		if reached == 0 && i > 0 && (before+f.used)/2 >= 0.9 {
			reached = float64(i + 1)
		}
		before = f.used
	}
	return reached, float64(refusals) / float64(requests)
}

// TestLearnedRateUsesAQuotaOfOperations prints what is used of a quota of operations when payloads are of 100 B to 4 KB
// and topics have up to 9 subscribers that are not configured. The line is 90 %. At 10/s a publish takes up to four
// seconds' quota, more than the limiter saves up: there are too few to learn from in 30 s, and with subscribers at
// random each refusal leaves the quota idle.
//
//	go test ./pipeline/quota -run LearnedRateUsesAQuotaOfOperations -v
func TestLearnedRateUsesAQuotaOfOperations(t *testing.T) {
	t.Parallel()
	for _, quota := range []float64{10, 100, 1000} {
		learningTime := 30 * time.Second
		if quota == 10 {
			learningTime = 5 * time.Minute
		}
		for _, hidden := range []int{0, 1, 9, -1} {
			var used, refused []float64
			for seed := range runs(quota) {
				w := newWire(learning, emulator.Settings{Rate: quota, Burst: quota}, seed)
				w.cost = func() (paid, charged float64) {
					subscribers := hidden
					if hidden < 0 {
						subscribers = w.rng.IntN(10)
					}
					paid = math.Ceil((100 + 3996*w.rng.Float64()) / 1024)
					return paid, paid * float64(1+subscribers)
				}
				w.run(learningTime)
				f := w.run(2 * learningTime)
				used, refused = append(used, 100*f.used), append(refused, 100*f.refused)
			}
			slices.Sort(used)
			slices.Sort(refused)
			t.Logf("%5g operations/s, %2d subscribers (-1: 0 to 9 at random): %6.2f %% used (least %.2f), %5.2f %% "+
				"refused", quota, hidden, middle(used), used[0], middle(refused))
			if quota > 10 && middle(used) < 80 {
				t.Errorf("%g operations/s, %d subscribers: %.1f %% used", quota, hidden, middle(used))
			}
		}
	}
}
