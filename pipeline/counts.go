package pipeline

import "iter"

// Settled counts messages that have ended, by outcome. Those that were skipped are among the dropped.
type Settled [len(Outcomes) + 1]uint64

// Lost is how many of them are lost against the user's will: all that a policy asks for is none of it, and neither is
// what was skipped.
func (s *Settled) Lost(skipped uint64) uint64 { return s[Rejected] + s[Dropped] - skipped }

// All goes through the outcomes that are counted.
func (s *Settled) All() iter.Seq2[Outcome, uint64] {
	return func(yield func(Outcome, uint64) bool) {
		for _, o := range Outcomes {
			if !yield(o, s[o]) {
				return
			}
		}
	}
}

// Attempts counts attempts to publish, by result.
type Attempts [resultCount]uint64

// All goes through the results.
func (a *Attempts) All() iter.Seq2[Result, uint64] {
	return func(yield func(Result, uint64) bool) {
		for r := range resultCount {
			if !yield(r, a[r]) {
				return
			}
		}
	}
}

// Retries counts messages that were put back to be tried again, by reason.
type Retries [retryReasonCount]uint64

// All goes through the reasons, as they stand in metrics.
func (r *Retries) All() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for i, name := range retryReasonNames {
			if !yield(name, r[i]) {
				return
			}
		}
	}
}
