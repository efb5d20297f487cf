package search

import (
	"math"
	"slices"
)

// pattern is what the acceptances under overload look like.
type pattern struct {
	rate     float64 // Acceptances per second.
	accepted int
	settled  bool      // The rate is the same in the first half and the second.
	window   float64   // Seconds from one run of acceptances to the next; 0: they are spread evenly.
	starts   []float64 // When the runs began.
	silence  float64   // Since the last acceptance.
	longest  float64   // Seconds without an acceptance, after the first one.
}

const (
	// longGap is how many usual gaps without an acceptance, while something is offered all the time, are a silence: a
	// window's end.
	longGap = 3
	// periods is how many windows of the same length are a pattern.
	periods = 3
	// steady is by how much the rates of two halves may differ to be the same, and few by how many acceptances besides.
	steady, few = 0.005, 6
)

// patternOf looks at a phase of overload from its first refusal on: before that a burst may have been used up.
func patternOf(events []Event) pattern {
	first := firstRefusal(events)
	if first == len(events) {
		return pattern{}
	}
	events = events[first:]
	began, end := events[0].At, events[len(events)-1].At
	at := acceptances(events)
	if len(at) < 2 {
		return pattern{silence: end - began}
	}
	usual := (end - began) / float64(len(at))
	slack := 2 * (end - began) / float64(len(events)-1)
	p := pattern{accepted: len(at)}
	var gaps []float64
	gaps, p.silence = silences(events, slack)
	p.longest = slices.Max(gaps)
	p.starts = startsOf(at, gaps, max(longGap*usual, slack, p.longest/2))
	if run, window := period(p.starts, slack); window > 0 {
		p.starts, p.window = run, window
	} else if len(p.starts) > periods || p.late(end-began) {
		p.starts = nil // They mean nothing: a machine that stands still for a moment makes a silence, too.
	}
	p.rate, p.settled = p.rateOf(at)
	return p
}

// silences are the seconds without an acceptance before each acceptance, and those after the last one, while something
// was offered: what the sender itself was silent for counts as slack at the most.
func silences(events []Event, slack float64) (before []float64, after float64) {
	last := events[0].At
	for _, e := range events {
		after += min(max(e.At-last, 0), slack)
		last = e.At
		if !e.Refused {
			before, after = append(before, after), 0
		}
	}
	return before, after
}

// acceptances are the moments when what was accepted was sent.
func acceptances(events []Event) []float64 {
	n := 0
	for i := range events {
		if !events[i].Refused {
			n++
		}
	}
	at := make([]float64, 0, n)
	for _, e := range events {
		if !e.Refused {
			at = append(at, e.At)
		}
	}
	return at
}

// late reports whether a window would have shown itself after so many seconds.
func (p *pattern) late(took float64) bool { return took > showing*max(p.longest, p.silence) }

// rateOf returns how many acceptances come per second, and whether that is the same all the time. Without a window,
// only the second half counts: before it a burst may not have been used up everywhere.
func (p *pattern) rateOf(at []float64) (rate float64, settled bool) {
	if n := len(p.starts); n > 1 {
		accepted, times := between(at, p.starts[0], p.starts[n-1]), float64(n-1)
		if p.window > 0 {
			return float64(accepted) / (times * p.window), true
		}
		return float64(accepted) / (p.starts[n-1] - p.starts[0]), true
	}
	before, after, n := halves(at)
	return after, math.Abs(before-after) <= (steady+few/float64(n))*after
}

// halves are the rates of the first half of the time and of the second, in which n were accepted. If one of them has
// too few, the second is that of the whole time, and the first is none.
func halves(at []float64) (before, after float64, n int) {
	middle, _ := slices.BinarySearch(at, (at[0]+at[len(at)-1])/2)
	if n = len(at) - middle; middle < 2 || n < 2 {
		return math.Inf(1), perSecond(at), len(at)
	}
	return perSecond(at[:middle]), perSecond(at[middle:]), n
}

// perSecond is the rate of evenly spaced moments.
func perSecond(at []float64) float64 { return float64(len(at)-1) / (at[len(at)-1] - at[0]) }

// startsOf returns the acceptances that come after a silence.
func startsOf(at, gaps []float64, silence float64) []float64 {
	var starts []float64
	for i, gap := range gaps {
		if gap > silence {
			starts = append(starts, at[i])
		}
	}
	return starts
}

const (
	// regular is by how much the time between two starts may differ from the usual, as a share, and mostly is which
	// share of these times must be regular: what is late hides a window's end now and then.
	regular, mostly = 0.15, 0.75
	// unbroken is the share of all starts that one run must have: turns of many connections look regular in places.
	unbroken = 0.25
)

// period returns the time between starts if it is the same nearly always, but for slack, and the longest run of them in
// which it is; otherwise 0.
func period(starts []float64, slack float64) (run []float64, window float64) {
	if len(starts) <= periods {
		return nil, 0
	}
	gaps := make([]float64, len(starts)-1)
	for i := range gaps {
		gaps[i] = starts[i+1] - starts[i]
	}
	usual := slices.Sorted(slices.Values(gaps))[len(gaps)/2]
	same, from := 0, 0
	for i, gap := range gaps {
		if math.Abs(gap-usual) > regular*usual+slack {
			from = i + 1
			continue
		}
		if same++; i+2-from > len(run) {
			run = starts[from : i+2]
		}
	}
	broken := float64(same) < mostly*float64(len(gaps)) || float64(len(run)) < unbroken*float64(len(starts))
	if broken || len(run) <= periods {
		return nil, 0
	}
	return run, apart(run)
}

// apart is how far starts are from each other: the median of what each two of them say that are far from each other,
// as some are late.
func apart(starts []float64) float64 {
	all := distances(starts)
	return all[len(all)/2]
}

// doubtful is by how much what starts say of their distance differs, for half of them.
func doubtful(starts []float64) float64 {
	all := distances(starts)
	return (all[3*len(all)/4] - all[len(all)/4]) / 2
}

// distances are what each two starts say that are far from each other, in ascending order.
func distances(starts []float64) []float64 {
	var all []float64
	n := len(starts)
	for i := range starts {
		for j := i + (n+1)/2; j < n; j++ {
			all = append(all, (starts[j]-starts[i])/float64(j-i))
		}
	}
	slices.Sort(all)
	return all
}

// room is how many are accepted in each window that starts, if that is the same in all of them; else 0.
func room(at, starts []float64) int {
	n := 0
	for i := 1; i < len(starts); i++ {
		switch m := between(at, starts[i-1], starts[i]); {
		case i == 1:
			n = m
		case m != n:
			return 0
		}
	}
	return n
}

// slide is the length of a window that slides and has room for n, as it seems: an acceptance comes no sooner than that
// after the n-th before it, and where publishes are offered at any moment some come at once.
func slide(at []float64, n int) float64 {
	var gaps []float64
	for i := n; i < len(at); i++ {
		gaps = append(gaps, at[i]-at[i-n])
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/100]
}

func between(at []float64, from, to float64) int {
	low, _ := slices.BinarySearch(at, from)
	high, _ := slices.BinarySearch(at, to)
	return high - low
}
