package search

import "errors"

// Config is what a search may do. Rates are publishes per second, times are seconds.
type Config struct {
	Start       float64   // The first rate.
	MaxRate     float64   // Never exceeded.
	MaxRequests int       // The search ends before a trial that could send more in all.
	MaxSeconds  float64   // Likewise.
	Width       float64   // Of the bracket, as a share of the rate: 0.01.
	Goal        float64   // The share of refusals that still counts as clean; usually 0.
	Goals       []float64 // Further ones, greater than Goal. Not with Gentle or Estimate.
	Pairs       int       // Trials at each of the two rates that prove them.
	Stall       float64   // How late the tester is known to send now and then, in seconds; 0: that is not known.
	// Gentle never goes on offering what is refused: for accounts with live traffic. Then there is no plateau, and the
	// kind of limiter is not known.
	Gentle bool
	// Estimate ends the search after the plateau, without a proof.
	Estimate bool
	// Slow says that MaxRate is what the machine can send, which is less than what was asked for.
	Slow bool `json:",omitempty"`
	// Flip decides which of a pair of trials comes first; nil: always the clean one.
	Flip func() bool `json:"-"`
	// Progress is told of each trial before it begins; nil: nobody is.
	Progress func(Step) `json:"-"`
}

// Default returns the configuration of a standard search.
func Default() Config {
	return Config{Start: 8, MaxRate: 10_000, MaxRequests: 5_000_000, MaxSeconds: 3600, Width: 0.01, Pairs: 3}
}

// Step says what is about to be done and what is known.
type Step struct {
	Name           string // bracket, plateau, probe, narrow, prove; goal: narrow or prove for a further goal.
	Rate           float64
	Seconds        float64 // At the most.
	Clean, Failing float64 // So far; 0: not known.
}

// Why a search ends early. Each leaves a result that is not proved.
var (
	ErrRequests = errors.New("the cap on requests was reached (--max-requests)")
	ErrTime     = errors.New("the cap on time was reached (--max-duration)")

	errNoLimit = errors.New("nothing was refused up to the greatest rate (--max-rate)")
	errHardly  = errors.New("hardly anything was refused at the greatest rate (--max-rate), so that it shows no " +
		"limit: refusals may come at random")
	errLong = errors.New("irregular: a rate that was held in each trial is refused when it goes on for longer: the " +
		"limit looks back over more time than a trial takes")
	errEstimate = errors.New("this is an estimate: nothing was repeated (--effort quick)")
	errFickle   = errors.New("irregular: what was refused at first is accepted later, whatever is offered")
	errAlways   = errors.New("even the slowest rate that was tried is refused")
)

// quieter is what to change where a machine sends too late.
const quieter = "end other programs on this machine, or use one with more free cores"

// unfitError says that a trial could not be made as planned, although it was repeated.
type unfitError struct {
	why, advice string
	foreign     bool // It was not the generator's fault.
}

func (e *unfitError) Error() string {
	if e.foreign {
		return "irregular: a trial did not count, however often it was repeated: " + e.why + "; find out why the " +
			"endpoint, or what is before it, does that"
	}
	text := "irregular: the generator was not fit for a trial, however often it was repeated: " + e.why
	if e.advice != "" {
		text += "; " + e.advice
	}
	return text
}
