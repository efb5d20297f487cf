package drift_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"momento-bridge/loadtest/drift"
	"momento-bridge/test/long"
)

// every is the time between two samples, in seconds.
const every = 10.0

// noises are series that do not change, around 1: of so many samples each.
var noises = map[string]func(rng *rand.Rand, n int) []float64{
	"even": func(rng *rand.Rand, n int) []float64 {
		return each(n, func(int) float64 { return 1 + 0.05*rng.NormFloat64() })
	},
	"skewed": func(rng *rand.Rand, n int) []float64 {
		return each(n, func(int) float64 { return math.Exp(0.3 * rng.NormFloat64()) })
	},
	"with peaks": func(rng *rand.Rand, n int) []float64 {
		return each(n, func(int) float64 {
			if rng.IntN(20) == 0 {
				return 1 + 50*rng.Float64()
			}
			return 1 + 0.03*rng.NormFloat64()
		})
	},
	"that remembers": func(rng *rand.Rand, n int) []float64 {
		last := 0.0
		return each(n, func(int) float64 {
			last = 0.5*last + 0.04*rng.NormFloat64()
			return 1 + last
		})
	},
	"of collections": func(rng *rand.Rand, n int) []float64 {
		level := rng.Float64()
		return each(n, func(int) float64 {
			if level += 0.1 + 0.05*rng.Float64(); level > 1 {
				level = 0
			}
			return 1 + 0.3*level
		})
	},
	"of counts": func(rng *rand.Rand, n int) []float64 {
		return each(n, func(int) float64 { return float64(rng.IntN(3)) })
	},
}

func each(n int, value func(i int) float64) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = value(i)
	}
	return all
}

func series(values []float64) []drift.Sample {
	samples := make([]drift.Sample, len(values))
	for i, v := range values {
		samples[i] = drift.Sample{At: every * float64(i), Value: v}
	}
	return samples
}

var lengths = []int{30, 60, 120, 360, 1440, 2880}

func TestNoiseIsNoDrift(t *testing.T) {
	t.Parallel()
	runs := long.Or(20, 170)
	for name, noise := range noises {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := 0
			for seed := range uint64(runs) {
				rng := rand.New(rand.NewPCG(seed, 1))
				f := drift.Look(series(noise(rng, lengths[int(seed)%len(lengths)])), drift.Matters{}, seed)
				if f.Shape != drift.None {
					found++
				}
			}
			t.Logf("%d of %d", found, runs)
			if found*20 > runs {
				t.Errorf("%d of %d series were said to drift", found, runs)
			}
		})
	}
}

// planted are changes by a tenth, and what is to be found of them.
var planted = map[string]struct {
	shape drift.Shape
	at    func(share float64) float64 // What the level is multiplied by.
}{
	"step in the middle": {drift.Step, func(x float64) float64 { return 1 + 0.1*math.Floor(x+0.5) }},
	"late step down": {drift.Step, func(x float64) float64 {
		if x > 0.8 {
			return 0.9
		}
		return 1
	}},
	"slope":      {drift.Slope, func(x float64) float64 { return 1 + 0.1*x }},
	"slope down": {drift.Slope, func(x float64) float64 { return 1 - 0.1*x }},
	"late slope": {drift.Slope, func(x float64) float64 { return 1 + 0.2*max(0, x-0.5) }},
}

func TestPlantedDriftIsFound(t *testing.T) {
	t.Parallel()
	runs := long.Or(4, 40)
	for name, p := range planted {
		for _, n := range lengths[2:] {
			found, right := 0, 0
			for seed := range uint64(runs) {
				rng := rand.New(rand.NewPCG(seed, 2))
				values := noises["even"](rng, n)
				for i := range values {
					values[i] *= p.at(float64(i) / float64(n))
				}
				f := drift.Look(series(values), drift.Matters{Share: 0.02}, seed)
				if f.Shape == drift.Step || f.Shape == drift.Slope {
					found++
				}
				if f.Shape == p.shape && f.P <= drift.Significant && (f.After > f.Before) == (p.at(1) > 1) {
					right++
				}
			}
			t.Logf("%s, %d samples: %d of %d found, %d with its shape", name, n, found, runs, right)
			if found*20 < runs*19 {
				t.Errorf("%s, %d samples: %d of %d were found", name, n, found, runs)
			}
		}
	}
}

func TestFindingSaysWhatAndSinceWhen(t *testing.T) {
	t.Parallel()
	level := func(before, after float64) []drift.Sample {
		return series(each(200, func(i int) float64 {
			if i < 120 {
				return before + 0.001*float64(i%3)
			}
			return after + 0.001*float64(i%3)
		}))
	}
	near := func(a, b, by float64) bool { return math.Abs(a-b) <= by }
	f := drift.Look(level(10, 12), drift.Matters{Share: 0.05, Least: 1}, 1)
	if f.Shape != drift.Step || !near(f.Since, 1195, 15) || !near(f.Before, 10, 0.1) || !near(f.After, 12, 0.1) ||
		!near(f.Share(), 0.2, 0.01) || !near(f.First, 10, 0.1) || !near(f.Last, 12, 0.1) {
		t.Errorf("%+v", f)
	}
	stalled := level(10, 12)
	for _, i := range []int{30, 95, 96, 104, 150} {
		stalled[i].Value = 2000
	}
	f = drift.Look(stalled, drift.Matters{Share: 0.05, Least: 1}, 1)
	if f.Shape != drift.Step || !near(f.Since, 1195, 120) || !near(f.Before, 10, 0.1) || !near(f.After, 12, 0.1) {
		t.Errorf("where the machine stood still now and then: %+v", f)
	}
	leak := series(each(360, func(i int) float64 { return 100 + 0.02*float64(max(0, i-90)) }))
	f = drift.Look(leak, drift.Matters{}, 1)
	if f.Shape != drift.Slope || !near(f.Since, 900, 100) || !near(f.PerHour, 0.02*360, 0.3) ||
		!near(f.After, 105.4, 0.4) {
		t.Errorf("%+v", f)
	}
	for name, c := range map[string]struct {
		samples []drift.Sample
		m       drift.Matters
		want    drift.Shape
	}{
		"too little to matter, as a share": {level(10, 12), drift.Matters{Share: 0.3}, drift.None},
		"too little to matter":             {level(10, 12), drift.Matters{Least: 3}, drift.None},
		"from nothing":                     {level(0, 12), drift.Matters{Share: 0.3, Least: 3}, drift.Step},
		"always the same":                  {series(make([]float64, 100)), drift.Matters{}, drift.None},
		"few":                              {level(10, 12)[105:134], drift.Matters{}, drift.Short},
		"none":                             {nil, drift.Matters{}, drift.Short},
	} {
		if f := drift.Look(c.samples, c.m, 1); f.Shape != c.want || f.P > 1 || !(f.P > 0) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
