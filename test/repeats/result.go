package repeats

import (
	"fmt"
	"io"
	"slices"
)

// Result is what has come of a run.
type Result struct {
	Messages, Topics, Kills int
	Publishes               int // Accepted.
	Resets                  int // Connections reset before anything was accepted,
	AnswersLost             int // after,
	ItemsLost               int // and items lost on the way to the subscriber.
	DeadLetters             int

	WireRepeats int // Messages accepted once more.
	Dropped     int // By readers, as repeats.
	Repeats     int // After readers.
	Lost        int // Never accepted, and no dead letters.
	Disorder    int // Messages that a reader delivered after a later one of their topic.

	Holes     int // Runs of messages that were not delivered.
	Told      int // Those of them that the reader told.
	Unsure    int // Those of the told that may have been none, as far as the reader knew.
	Forgotten int // Those that nobody told: dead letters alone, and the daemon was killed before the next message.
	Untold    int // Those that nobody told though they should be known.
	False     int // Gaps that were told for certain, and were none.
	Vague     int // Gaps that may have been there, and were none.
}

// tally makes the result of what the wire has seen. topics has the numbers of each topic, in order, and poison those
// that are refused.
func (w *wire) tally(topics map[string][]uint64, poison map[uint64]bool) Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := &w.counts
	r := Result{Publishes: c.publishes, Resets: c.resets, AnswersLost: c.answersLost, ItemsLost: c.itemsLost}
	for topic, all := range topics {
		r.Messages += len(all)
		s := w.topics[topic]
		if s == nil {
			s = newSubscriber()
		}
		for _, n := range all {
			r.WireRepeats += max(0, s.accepted[n]-1)
			if s.accepted[n] == 0 && !poison[n] {
				r.Lost++
			}
		}
		r.Dropped += s.repeats
		r.add(s, all)
	}
	return r
}

func (r *Result) add(s *subscriber, all []uint64) {
	seen := map[uint64]bool{}
	last := uint64(0)
	for _, n := range s.delivered {
		if seen[n] {
			r.Repeats++
		} else if n < last {
			r.Disorder++
		}
		seen[n], last = true, max(last, n)
	}
	slices.Sort(s.delivered)
	s.delivered = slices.Compact(s.delivered)
	holes := s.holes(all)
	for hole, never := range holes {
		r.Holes++
		certain, told := s.gaps[hole]
		switch {
		case told && !certain:
			r.Unsure++
			r.Told++
		case told:
			r.Told++
		case never:
			r.Forgotten++
		default:
			r.Untold++
		}
	}
	for gap, certain := range s.gaps {
		if _, there := holes[gap]; there {
			continue
		}
		if certain {
			r.False++
		} else {
			r.Vague++
		}
	}
}

// Failures returns what must not be.
func (r *Result) Failures() (all []string) {
	check := func(bad bool, format string, args ...any) {
		if bad {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	check(r.Lost > 0, "%d messages were lost", r.Lost)
	check(r.Repeats > 0, "readers delivered %d messages twice", r.Repeats)
	check(r.Disorder > 0, "readers delivered %d messages out of order", r.Disorder)
	check(r.Untold > 0, "%d gaps were not told", r.Untold)
	check(r.False > 0, "%d gaps were told that were none", r.False)
	check(r.Forgotten > r.Kills*r.Topics, "%d gaps were not told after %d kills", r.Forgotten, r.Kills)
	check(r.WireRepeats == 0, "nothing was repeated on the wire, so that this shows nothing")
	return all
}

// Print prints the table.
func (r *Result) Print(w io.Writer) {
	row := func(what string, n int) { fmt.Fprintf(w, "| %s | %d |\n", what, n) }
	fmt.Fprintln(w, "| what | number |\n| --- | --- |")
	row("messages stored", r.Messages)
	row("SIGKILLs of the daemon", r.Kills)
	row("publishes accepted", r.Publishes)
	row("connections reset before the endpoint took the publish", r.Resets)
	row("connections reset instead of an answer", r.AnswersLost)
	row("dead letters in between", r.DeadLetters)
	row("items lost between endpoint and reader", r.ItemsLost)
	row("repeats on the wire", r.WireRepeats)
	row("repeats that readers dropped", r.Dropped)
	row("**repeats after readers**", r.Repeats)
	row("**lost**", r.Lost)
	row("**out of order**", r.Disorder)
	row("**gaps made**: runs of messages that no reader had", r.Holes)
	row("**gaps told**", r.Told)
	row("of these told as uncertain, after a kill", r.Unsure)
	row("gaps not told: dead letters whose daemon was killed before the next message of their topic", r.Forgotten)
	row("**gaps told for certain that were none**", r.False)
	row("uncertain gaps that were none: a lost item came again", r.Vague)
}
