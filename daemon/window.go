package daemon

import (
	"math"
	"slices"
	"time"
)

const (
	// soonest is how long nothing may have changed before anything is concluded.
	soonest = 3 * time.Second
	// latest is how long it may take to say something.
	latest = 10 * time.Second
	// unsteady is how long nothing need have changed for means to be taken of what is not steady.
	unsteady = 8 * time.Second
	// shiftAfter is how long a rate must have been another one to be noticed.
	shiftAfter = 2 * time.Second
	// strange is how many standard errors no chance explains.
	strange = 3.5
	// quotaStep is the ratio from which on two rates in force are different ones.
	quotaStep = 1.15
)

// window is the latest time in which a route did the same: nothing was halted or went on, and what comes and what is
// published had one rate each.
type window struct {
	samples        []sample
	arrivals, done trend
}

// windowOf finds it. There must be a sample.
func windowOf(samples []sample) window {
	samples = samples[sinceChange(samples):]
	for {
		w := window{samples: samples, arrivals: trendOf(arrivedIn(samples)), done: trendOf(doneIn(samples))}
		cut := max(w.arrivals.shifted, w.done.shifted)
		if cut == 0 {
			return w
		}
		samples = samples[cut:]
	}
}

// averaged is a forecast by the means of the latest seconds, whatever has shifted meanwhile: what is never steady is
// not unknown for ever.
func averaged(samples []sample) forecast {
	samples = samples[max(sinceChange(samples), len(samples)-1-int(unsteady/sampleEvery)):]
	w := window{samples: samples, arrivals: trendOf(arrivedIn(samples)), done: trendOf(doneIn(samples))}
	l := loadOf(&w)
	if l.Seen >= unsteady-sampleEvery/2 {
		l.Seen = latest
	}
	return l.forecast()
}

// span is how long it is.
func (w *window) span() time.Duration {
	return w.samples[len(w.samples)-1].at.Sub(w.samples[0].at)
}

// sinceChange returns the first of the samples since which nothing has begun, ended or stood still.
func sinceChange(samples []sample) int {
	last := &samples[len(samples)-1]
	for i := len(samples) - 2; i >= 0; i-- {
		s := &samples[i]
		other := s.halted != last.halted || s.away != last.away || s.known() != last.known() || s.busy != last.busy ||
			s.rising != last.rising
		stepped := max(s.quota, last.quota) > quotaStep*min(s.quota, last.quota)
		if other || last.byQuota && s.quota*last.quota > 0 && stepped {
			return i + 1
		}
	}
	return 0
}

// point is what had been counted at a time.
type point struct {
	at     time.Time
	count  float64
	sample int // Of the window.
}

func doneIn(samples []sample) []point {
	points := make([]point, len(samples))
	for i := range samples {
		points[i] = point{samples[i].at, samples[i].done, i}
	}
	return points
}

// arrivedIn are the times at which NATS has told of what has come: what waits becomes known in steps, and only whole
// ones say anything.
func arrivedIn(samples []sample) []point {
	points := make([]point, 0, len(samples))
	for i := range samples {
		s := &samples[i]
		if s.told.IsZero() || len(points) > 0 && s.told.Sub(points[len(points)-1].at) < sampleEvery/4 {
			continue
		}
		points = append(points, point{s.told, s.arrived, i})
	}
	return points
}

// trend is how fast something is counted.
type trend struct {
	rate    float64 // Per second.
	span    float64 // Seconds; 0: nothing was counted at two times.
	noise   float64 // The standard deviation of what is counted in a second.
	shifted int     // The sample at which the rate has become another one; 0: it has not.
	uneven  bool    // The last seconds are unlike the others.
}

func trendOf(points []point) trend {
	if len(points) < 2 {
		return trend{}
	}
	first, last := points[0], points[len(points)-1]
	t := trend{span: last.at.Sub(first.at).Seconds(), noise: noiseOf(points)}
	t.rate = max(0, last.count-first.count) / t.span
	worst := 1.0
	for i := 1; i < len(points)-1; i++ {
		p := points[i]
		if last.at.Sub(p.at) < shiftAfter-sampleEvery/4 {
			break
		}
		if by := t.differs(first, p, last); by > worst {
			worst, t.shifted = by, p.sample
		}
	}
	for i := len(points) - 1; i > 0 && last.at.Sub(points[i].at) < sampleEvery+sampleEvery/4; i-- {
		t.uneven = t.uneven || t.unlike(points[i-1], points[i])
	}
	return t
}

// differs returns how much the rates before and after a point differ: more than 1 is no chance.
func (t *trend) differs(first, p, last point) float64 {
	before, after := p.at.Sub(first.at).Seconds(), last.at.Sub(p.at).Seconds()
	a, b := (p.count-first.count)/before, (last.count-p.count)/after
	by := strange*t.noise*math.Sqrt(1/before+1/after) + 1/before + 1/after + .05*max(a, b)
	return math.Abs(a-b) / by
}

// unlike reports whether a step is unlike the whole.
func (t *trend) unlike(from, to point) bool {
	seconds := to.at.Sub(from.at).Seconds()
	return math.Abs((to.count-from.count)/seconds-t.rate) > strange*t.noise/math.Sqrt(seconds)+1.5/seconds+.25*t.rate
}

// doubt is the standard error of the rate.
func (t *trend) doubt() float64 {
	if t.span == 0 {
		return math.Inf(1)
	}
	return math.Hypot(t.noise/math.Sqrt(t.span), .5/t.span)
}

// noiseOf estimates it from how neighbouring steps differ, which a shift of the rate does not disturb.
func noiseOf(points []point) float64 {
	differences := make([]float64, 0, len(points))
	for i := 2; i < len(points); i++ {
		a, b := points[i-1].at.Sub(points[i-2].at).Seconds(), points[i].at.Sub(points[i-1].at).Seconds()
		before, after := (points[i-1].count-points[i-2].count)/a, (points[i].count-points[i-1].count)/b
		differences = append(differences, math.Abs(after-before)/math.Sqrt(1/a+1/b))
	}
	if len(differences) == 0 {
		return 0
	}
	slices.Sort(differences)
	return differences[(len(differences)-1)/2] / .6745
}
