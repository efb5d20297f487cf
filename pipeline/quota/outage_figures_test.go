//go:build !race

package quota_test

import (
	"slices"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/pipeline/quota"
	"momento-bridge/test/long"
)

// TestLearnedRateSurvivesAnOutage prints how many seconds pass after 30 s in which everything is refused until 90 % are
// used again in a second, and how many publishes were sent in vain. The lines are 5 s, 25 s for the worst run.
//
//	LONG_TESTS=1 go test ./pipeline/quota -run LearnedRateSurvives -v
func TestLearnedRateSurvivesAnOutage(t *testing.T) {
	t.Parallel()
	for _, n := range []noisy{
		{name: "bucket 10", limits: learning, settings: bucketOf(10)},
		{name: "bucket 100", limits: learning, settings: bucketOf(100)},
		{name: "bucket 1000", limits: learning, settings: bucketOf(1000)},
		{name: "rate:500", limits: quota.Rate{Ceiling: 500}, settings: emulator.Settings{}},
		{name: "1% bucket 100", limits: learning, settings: bucketOf(100), noise: 0.01},
		{name: "3% rate:500", limits: quota.Rate{Ceiling: 500}, settings: emulator.Settings{}, noise: 0.03},
	} {
		var again, vain []float64
		for seed := range long.Or(2, *seeds) {
			w := n.wire(seed)
			w.run(90*time.Second + time.Duration(seed)*370*time.Millisecond)
			w.outage = true
			w.run(30 * time.Second)
			w.outage = false
			vain = append(vain, float64(w.refusals))
			seconds := 0.0
			for used := 0.0; used < 0.9 && seconds < 180; seconds++ {
				w.run(time.Second)
				used = w.accepted / n.best()
			}
			again = append(again, seconds)
		}
		slices.Sort(again)
		slices.Sort(vain)
		t.Logf("%-16s 90 %% after %3g s (%3g s), %4g in vain (%4g)", n.name, middle(again), again[len(again)-1],
			middle(vain), vain[len(vain)-1])
		if middle(again) > 5 || again[len(again)-1] > 25 {
			t.Errorf("%s: 90 %% after %g s", n.name, again)
		}
	}
}

// TestLearnedRateForgetsNoiseThatEnds prints what the third minute after the end of two minutes of noise came to, and
// the noise that is believed in then.
//
//	LONG_TESTS=1 go test ./pipeline/quota -run LearnedRateForgets -v
func TestLearnedRateForgetsNoiseThatEnds(t *testing.T) {
	t.Parallel()
	long.Only(t)
	for _, q := range []float64{100, 1000} {
		for _, p := range []float64{0.01, 0.03, 0.1} {
			var used, refused, during []float64
			for seed := range min(*seeds, uint64(max(3, 900/q))) {
				n := noisy{limits: learning, settings: bucketOf(q)}
				w := n.wire(seed)
				w.run(time.Minute)
				n.noise, w.noise = p, p
				during = append(during, 100*n.minutes(w, 2)[1].used)
				n.noise, w.noise = 0, 0
				f := n.minutes(w, 3)[2]
				used, refused = append(used, 100*f.used), append(refused, 100*f.refused)
				if floor := w.pacer.Floor(); floor > 0.01 {
					t.Errorf("%g %% of noise at %g/s is still believed to be %.2g %%", 100*p, q, 100*floor)
				}
			}
			slices.Sort(used)
			slices.Sort(refused)
			slices.Sort(during)
			t.Logf("%3g%% at %4g/s: 2nd minute %5.1f (%5.1f), 3rd after it %5.1f (%5.1f), %.2f (%.2f) refused",
				100*p, q, middle(during), during[0], middle(used), used[0], middle(refused), refused[len(refused)-1])
			if middle(used) < 99 || middle(refused) > 1 || refused[len(refused)-1] > 2 {
				t.Errorf("%g %% at %g/s: %.1f %% used, %.2f %% refused", 100*p, q, middle(used), middle(refused))
			}
		}
	}
}
