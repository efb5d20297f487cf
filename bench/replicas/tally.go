package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// tally is what came of the messages numbered from 0.
type tally struct {
	sent, lost, duplicates int
	inversions             []inversion
	gaps                   []gap // Of all topics together, the longest first.
}

// inversion is a first copy that was accepted after a later message of its topic.
type inversion struct {
	first, later accepted
}

// gap is a time without a publish.
type gap struct {
	from   time.Time
	length time.Duration
}

// tally accounts for all that was accepted of the messages below sent, from one moment to another.
func (a *account) tally(sent int) *tally {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := &tally{sent: sent}
	seen, latest := make([]bool, sent), map[int16]accepted{}
	distinct := 0
	for i, one := range a.accepted {
		if i > 0 {
			before := a.accepted[i-1].at
			t.gaps = append(t.gaps, gap{before, one.at.Sub(before)})
		}
		if int(one.n) >= sent {
			continue
		}
		if seen[one.n] {
			t.duplicates++
			continue
		}
		seen[one.n] = true
		distinct++
		if last, known := latest[one.topic]; known && one.n < last.n {
			t.inversions = append(t.inversions, inversion{one, last})
			continue
		}
		latest[one.topic] = one
	}
	t.lost = sent - distinct
	slices.SortFunc(t.gaps, func(a, b gap) int { return cmp.Compare(b.length, a.length) })
	t.gaps = t.gaps[:min(10, len(t.gaps))]
	return t
}

func (t *tally) worst() time.Duration {
	if len(t.gaps) == 0 {
		return 0
	}
	return t.gaps[0].length
}

func (t *tally) String() string {
	return fmt.Sprintf("%d messages: lost %d, inversions %d, duplicates %d", t.sent, t.lost, len(t.inversions),
		t.duplicates)
}

// tell prints each inversion and the longest gaps, by the clock of the logs.
func (b *bench) tell(t *tally) {
	if !b.verbose {
		return
	}
	const clock = "15:04:05.000"
	for i, one := range t.inversions {
		if i == 20 {
			fmt.Printf("       and %d more\n", len(t.inversions)-i)
			break
		}
		fmt.Printf("       inversion of topic %d: %d by replica %d at %s, after %d by replica %d at %s\n",
			one.first.topic, one.first.n, one.first.who, one.first.at.UTC().Format(clock),
			one.later.n, one.later.who, one.later.at.UTC().Format(clock))
	}
	for _, g := range t.gaps[:min(5, len(t.gaps))] {
		fmt.Printf("       gap of %v from %s\n", g.length.Round(time.Millisecond), g.from.UTC().Format(clock))
	}
}

// sharing is what each replica got of a quota within a time.
type sharing struct {
	by       map[int]int
	accepted int
	refused  int
	seconds  float64
}

// share counts from one moment to another.
func (a *account) share(from, to time.Time) sharing {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := sharing{by: map[int]int{}, seconds: to.Sub(from).Seconds()}
	for _, one := range a.accepted {
		if !one.at.Before(from) && one.at.Before(to) {
			s.by[int(one.who)]++
			s.accepted++
		}
	}
	for _, one := range a.refused {
		if !one.at.Before(from) && one.at.Before(to) {
			s.refused++
		}
	}
	return s
}

func (s sharing) used(rate float64) float64 { return float64(s.accepted) / s.seconds / rate }

func (s sharing) refusals() float64 {
	return float64(s.refused) / float64(max(1, s.refused+s.accepted))
}

// jain is Jain's index of fairness among replicas: 1 where all have the same.
func (s sharing) jain(replicas []*replica) float64 {
	sum, squares := 0.0, 0.0
	for _, r := range replicas {
		x := float64(s.by[r.number])
		sum, squares = sum+x, squares+x*x
	}
	return sum * sum / (float64(len(replicas)) * max(1, squares))
}

// least and most are what the replicas got that got least and most, by the mean.
func (s sharing) spread(replicas []*replica) (least, most float64) {
	mean := float64(s.accepted) / float64(len(replicas))
	counts := make([]float64, len(replicas))
	for i, r := range replicas {
		counts[i] = float64(s.by[r.number]) / max(1, mean)
	}
	return slices.Min(counts), slices.Max(counts)
}
