//go:build !race

package quota_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/pipeline/quota"
	"momento-bridge/test/long"
)

// noisy is an endpoint that refuses for other reasons than a quota, too.
type noisy struct {
	name     string
	limits   quota.Rate
	settings emulator.Settings
	noise    float64 // The share that is refused at random.
	spread   string  // How publishes reach shards: "" evenly, at "random", or each connection to a "hashed" one.
	judged   line
}

// best is what can be accepted, per second.
func (n *noisy) best() float64 {
	most := n.limits.Ceiling * (1 - n.noise)
	if n.settings.Rate > 0 {
		most = min(most, n.settings.Rate*(1-n.settings.Background))
	}
	return most
}

func (n *noisy) wire(seed uint64) *wire {
	w := newWire(n.limits, n.settings, seed)
	w.noise = n.noise
	random := rand.New(rand.NewPCG(seed, 7))
	switch n.spread {
	case "random":
		w.shard = func(uint64) uint64 { return random.Uint64() }
	case "hashed":
		var shards [64]uint64
		for i := range shards {
			shards[i] = random.Uint64()
		}
		w.shard = func(connection uint64) uint64 { return shards[connection] }
	}
	return w
}

// minutes runs for some minutes, and returns what each of them came to; used is a share of the best.
func (n *noisy) minutes(w *wire, count int) []figures {
	all := make([]figures, count)
	for i := range all {
		w.run(time.Minute)
		all[i] = figures{w.accepted / n.best() / 60, float64(w.refusals) / max(1, float64(w.requests))}
	}
	return all
}

// line is what figures are judged by, in percent: medians of what is used and refused in the last minute, and the least
// that any run used in a minute after the first.
type line struct{ used, least, refused float64 }

// bucketOf is a token bucket that saves up a second.
func bucketOf(perSecond float64) emulator.Settings {
	return emulator.Settings{Rate: perSecond, Burst: perSecond, Limiter: emulator.LimiterBucket}
}

func windowOf(perSecond float64) emulator.Settings {
	return emulator.Settings{Rate: perSecond, Limiter: emulator.LimiterFixedWindow}
}

func shardsOf(perSecond float64) emulator.Settings {
	return emulator.Settings{Rate: perSecond, Burst: perSecond, Limiter: emulator.LimiterSharded}
}

func othersOf(perSecond, share float64) emulator.Settings {
	s := bucketOf(perSecond)
	s.Background = share
	return s
}

func noisyCases() []noisy {
	var all []noisy
	add := func(name string, limits quota.Rate, s emulator.Settings, noise float64, spread string, judged line) {
		all = append(all, noisy{name, limits, s, noise, spread, judged})
	}
	for _, p := range []float64{0.001, 0.01, 0.03, 0.1} {
		name := fmt.Sprintf("noise %g%% ", 100*p)
		ceiling, bucket, window := lines(p)
		add(name+"rate:500", quota.Rate{Ceiling: 500}, emulator.Settings{}, p, "", ceiling)
		add(name+"rate:80 bucket 100", quota.Rate{Ceiling: 80}, bucketOf(100), p, "", ceiling)
		add(name+"rate:20", quota.Rate{Ceiling: 20}, emulator.Settings{}, p, "", line{})
		add(name+"bucket 10", learning, bucketOf(10), p, "", line{})
		add(name+"bucket 100", learning, bucketOf(100), p, "", bucket)
		add(name+"bucket 1000", learning, bucketOf(1000), p, "", bucket)
		add(name+"window 100", learning, windowOf(100), p, "", window)
	}
	for _, q := range []float64{10, 100, 1000} {
		add(fmt.Sprintf("others 20%% %g", q), learning, othersOf(q, 0.2), 0, "", line{})
		add(fmt.Sprintf("others 60%% %g", q), learning, othersOf(q, 0.6), 0, "", line{})
		add(fmt.Sprintf("shards random %g", q), learning, shardsOf(q), 0, "random", line{})
		add(fmt.Sprintf("shards hashed %g", q), learning, shardsOf(q), 0, "hashed", line{})
	}
	return all
}

// lines are those for a share of noise, with a ceiling alone, with a bucket and with windows. The zero line is not
// judged: windows and a tenth of noise leave a tenth of the quota unused.
func lines(p float64) (ceiling, bucket, window line) {
	refused := 100 * (p + max(0.015, p))
	switch p {
	case 0.001:
		return line{98, 95, 1}, line{98, 95, 1}, line{95, 90, 1}
	case 0.1:
		return line{90, 80, refused}, line{95, 80, refused}, line{}
	}
	return line{97, 80, refused}, line{95, 80, refused}, line{95, 70, refused}
}

var (
	cases = flag.String("noise.cases", "", "only those whose name contains one of these, separated by commas")
	seeds = flag.Uint64("noise.seeds", 9, "how many runs each case is taken from, in the long form")
)

// chosen reports whether a case is to be run. The short form has one.
func (n *noisy) chosen() bool {
	if *cases == "" {
		return long.Asked() || n.name == "noise 3% rate:80 bucket 100"
	}
	return slices.ContainsFunc(strings.Split(*cases, ","), func(part string) bool {
		return strings.Contains(n.name, part)
	})
}

// TestLearnedRateIsNotFooledByNoise prints what runs of 5 minutes on virtual time come to: medians, and the worst.
//
//	LONG_TESTS=1 go test ./pipeline/quota -run NotFooledByNoise -v
func TestLearnedRateIsNotFooledByNoise(t *testing.T) {
	t.Parallel()
	t.Logf("%-28s %-18s %-16s %s",
		"used % (least) in minute", "2", "5", "refused % in minute 5, the worst (most); least used of minutes 2 to 5")
	for _, n := range noisyCases() {
		if !n.chosen() {
			continue
		}
		count := long.Or(1, *seeds)
		if n.judged == (line{}) {
			count = min(count, 3)
		}
		var second, fifth, refused, last, least []float64
		for seed := range count {
			all := n.minutes(n.wire(seed), 5)
			second, fifth = append(second, 100*all[1].used), append(fifth, 100*all[4].used)
			low, high := math.Inf(1), 0.0
			for _, f := range all[1:] {
				low, high = min(low, 100*f.used), max(high, 100*f.refused)
			}
			refused, least, last = append(refused, high), append(least, low), append(last, 100*all[4].refused)
		}
		worst := slices.Index(least, slices.Min(least))
		for _, figures := range [][]float64{second, fifth, refused, last, least} {
			slices.Sort(figures)
		}
		t.Logf("%-28s %6.1f (%6.1f)  %6.1f (%6.1f)  %5.2f %5.2f (%5.2f)  %6.1f with seed %d",
			n.name, middle(second), second[0],
			middle(fifth), fifth[0], middle(last), middle(refused), refused[len(refused)-1], least[0], worst)
		if n.judged != (line{}) &&
			(middle(fifth) < n.judged.used || least[0] < n.judged.least || middle(last) > n.judged.refused) {
			t.Errorf("%s: worse than %+v", n.name, n.judged)
		}
	}
}
