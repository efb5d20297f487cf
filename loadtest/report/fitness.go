package report

import (
	"fmt"
	"math"

	"momento-bridge/loadtest/figure"
)

// Fitness is how much of a report the machine that sent was fit for.
type Fitness uint8

// The degrees of fitness.
const (
	Unfit  Fitness = iota // What was found suffers from it.
	Enough                // In some trials it was not, and these do not count: what is proved is.
	Fit                   // In every trial.
)

// What a fit machine does at the least, and uses at the most.
const (
	onTimeEnough = 0.995
	cpuEnough    = 0.8
)

// Fitness reports whether the machine that sent could do what was asked of it. A proof rests on trials for which it was
// fit.
func (r *Report) Fitness() Fitness {
	g := &r.Generator
	fit := g.OnTime >= onTimeEnough && g.CPU <= cpuEnough && g.Repeated == 0
	for _, t := range r.Trials {
		if r.Test == Rate && t.Unfit != "" {
			fit = false
		}
	}
	switch {
	case fit:
		return Fit
	case r.Verdict == Proved:
		return Enough
	}
	return Unfit
}

func (f Fitness) String() string {
	return [...]string{"NOT FIT", "fit for the trials that count", "fit"}[f]
}

// generatorFact says how the machine was doing, in all trials together, also in those that do not count.
func (r *Report) generatorFact() Fact {
	g := &r.Generator
	inTime := figure.Share(g.OnTime) + " of all publishes sent in time"
	also := inTime
	if least := r.leastOnTime(); r.Test == Find && least < g.OnTime {
		also += ", " + figure.Share(least) + " in the trial with the fewest"
	}
	if len(r.Trials) == 0 {
		also = "no trial was made"
	}
	if g.SendDelay.P99 != nil {
		also += ", send delay " + figure.Time(*g.SendDelay.P99) + " at p99"
	}
	also += fmt.Sprintf(", at most %s of %d cores", figure.Share(g.CPU), g.Cores)
	if g.Ceiling > 0 {
		also += ", could send " + figure.Rate(math.Round(g.Ceiling))
	}
	if g.Repeated > 0 {
		also += ", trials repeated because it was not fit for them: " + figure.Count(g.Repeated)
	}
	return Fact{
		Key: "generator.on_time", Name: "Generator", Value: new(g.OnTime), Text: r.Fitness().String(), Also: also,
		Short: inTime,
	}
}

// leastOnTime is the share that was sent in time in the trial in which it was the least; 1 if no trial tells.
func (r *Report) leastOnTime() float64 {
	least := 1.0
	for _, t := range r.Trials {
		if t.OnTime > 0 && t.Name != "dimension" { // Fewer connections may carry less: that is not the machine.
			least = min(least, t.OnTime)
		}
	}
	return least
}
