package drift

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Shape is how a series has changed.
type Shape string

// The shapes.
const (
	None  Shape = "none"
	Step  Shape = "step"      // From one level to another.
	Slope Shape = "slope"     // On and on, since some time.
	Short Shape = "too short" // There are too few samples to tell.
)

// Sample is one measurement.
type Sample struct {
	At    float64 // Seconds after some moment, ascending.
	Value float64
}

// Matters is the least change that is worth telling: more than each of both.
type Matters struct {
	Share float64 // Of the level before.
	Least float64 // In the unit of the series.
}

// Finding is what became of a series.
type Finding struct {
	Shape         Shape
	P             float64 // How likely as much is by chance; 1 if nothing was tested.
	Since         float64 // When the change was, or began.
	Before, After float64 // The levels. Of a slope: at its begin, and at the end.
	PerHour       float64 // Of a slope, in the unit of the series.
	First, Last   float64 // The medians of the first and the last tenth.
}

// Share is the change as a part of the level before; 0 where that is 0.
func (f *Finding) Share() float64 {
	if f.Before == 0 {
		return 0
	}
	return (f.After - f.Before) / math.Abs(f.Before)
}

const (
	// Fewest is how many samples it takes to tell.
	Fewest = 30
	// Significant is the p-value below which a change is none by chance. The ten series of a soak together find
	// something where nothing is in one of 20.
	Significant = 0.005
	// permutations bounds from below what the p-value can be.
	permutations = 1999
)

// Look says what became of a series. It is a function of its arguments.
func Look(samples []Sample, m Matters, seed uint64) Finding {
	f := Finding{Shape: Short, P: 1}
	if n := len(samples); n > 0 {
		tenth := max(1, n/10)
		f.First, f.Last = median(samples[:tenth]), median(samples[n-tenth:])
		f.Before, f.After = f.First, f.Last
	}
	if len(samples) < Fewest {
		return f
	}
	f.Shape = None
	blocks := independent(tamed(samples))
	if f.P = chance(blocks, seed); f.P > Significant {
		return f
	}
	best := fit(ranked(blocks))
	if best.shape == Step {
		best.before, best.after = levels(samples, best.since)
	} else {
		best = bend(blocks)
	}
	change := math.Abs(best.after - best.before)
	if change <= m.Least || change <= m.Share*math.Abs(best.before) {
		return f
	}
	f.Shape, f.Since, f.Before, f.After, f.PerHour = best.shape, best.since, best.before, best.after, 3600*best.slope
	return f
}

func median(samples []Sample) float64 {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = s.Value
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// chance is how often the order of the blocks alone, if it were random, made as great a difference between what comes
// first and what comes later.
func chance(blocks []Sample, seed uint64) float64 {
	ranks := ranksOf(blocks)
	seen := contrast(ranks)
	if seen == 0 {
		return 1
	}
	rng := rand.New(rand.NewPCG(seed, uint64(len(blocks))))
	as := 1
	for range permutations {
		rng.Shuffle(len(ranks), func(i, j int) { ranks[i], ranks[j] = ranks[j], ranks[i] })
		if contrast(ranks) >= seen {
			as++
		}
	}
	return float64(as) / (permutations + 1)
}

// ranksOf are the ranks of the values around their mean; equal values have equal ranks.
func ranksOf(blocks []Sample) []float64 {
	n := len(blocks)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(blocks[a].Value, blocks[b].Value), cmp.Compare(a, b))
	})
	ranks := make([]float64, n)
	for i := 0; i < n; {
		j := i
		for j < n && blocks[order[j]].Value == blocks[order[i]].Value {
			j++
		}
		for k := i; k < j; k++ {
			ranks[order[k]] = float64(i+j+1)/2 - float64(n+1)/2
		}
		i = j
	}
	return ranks
}

// ranked are blocks with their ranks for values.
func ranked(blocks []Sample) []Sample {
	ranks := ranksOf(blocks)
	out := slices.Clone(blocks)
	for i := range out {
		out[i].Value = ranks[i]
	}
	return out
}

// contrast is the greatest difference between the ranks before and after a place, in terms of what is usual there.
func contrast(ranks []float64) float64 {
	n, edge := len(ranks), edgeOf(len(ranks))
	sum, most := 0.0, 0.0
	for i, r := range ranks {
		sum += r
		if left := i + 1; left >= edge && n-left >= edge {
			most = max(most, math.Abs(sum)/math.Sqrt(float64(left)*float64(n-left)))
		}
	}
	return most
}

// edgeOf is how many blocks there are at the least on each side of a change.
func edgeOf(n int) int { return max(2, n/12) }
