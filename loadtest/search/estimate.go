package search

import "math"

// Spend is what a search uses up.
type Spend struct {
	Publishes float64
	Seconds   float64
}

// Plus is both together.
func (s Spend) Plus(o Spend) Spend { return Spend{s.Publishes + o.Publishes, s.Seconds + o.Seconds} }

func (s Spend) times(n float64) Spend { return Spend{s.Publishes * n, s.Seconds * n} }

// offer is what a load takes.
func offer(rate, seconds float64) Spend { return Spend{rate * seconds, seconds} }

// Range is what a search is expected to use up.
type Range struct {
	Least, Usual, Most Spend
}

// Plus adds what is used up in any case.
func (r Range) Plus(o Spend) Range { return Range{r.Least.Plus(o), r.Usual.Plus(o), r.Most.Plus(o)} }

// Within lowers the range to what the search may use at the most. Where one of the two ends it, it may be at any time
// as far as the other is concerned.
func (r Range) Within(publishes, seconds float64) Range {
	if r.Most.Publishes > publishes {
		r.Least.Seconds = 0
	}
	if r.Most.Seconds > seconds {
		r.Least.Publishes = 0
	}
	cut := func(s Spend) Spend { return Spend{min(s.Publishes, publishes), min(s.Seconds, seconds)} }
	return Range{cut(r.Least), cut(r.Usual), cut(r.Most)}
}

const (
	// lookOften is how long a phase goes on, on average, after there is enough, in seconds: the half of what lies
	// between two looks.
	lookOften = 0.25
	// answers is what comes between two trials, in seconds.
	answers = 0.02
	// least is how much less than usual a search may take: refusals come sooner or later.
	least = 0.35
	// longer is how much more than usual it may take if a pair of trials contradicts itself, and longWindow how many
	// seconds' worth of publishes more if the limit looks back ten seconds, saves up a minute, or has several parts.
	// lateWindow are the seconds that this takes, and latePair those for each pair.
	longer, longWindow, lateWindow, latePair = 2, 900, 100, 60
	// Without an overload a burst that is saved up goes through before anything is refused.
	gentleWindow, gentleLate = 2500, 3000
)

// Estimate is what a search is expected to use up where the limit is a rate. A sharp limit takes the usual; a burst
// that saves up a minute, a window of ten seconds, or a limit of several parts takes up to the most. It is arithmetic:
// the same steps as Find, with what each takes on average.
func Estimate(cfg Config, limit float64) Range {
	up, refused := climb(cfg, limit)
	if refused == 0 { // Nothing is refused: the search ends there.
		return Range{up, up, up}.Within(float64(cfg.MaxRequests), cfg.MaxSeconds)
	}
	usual := up
	if cfg.Gentle {
		usual = usual.Plus(gently(cfg, limit))
	} else {
		usual = usual.Plus(overloads(cfg, limit, refused))
	}
	if !cfg.Estimate && !cfg.Gentle {
		usual = usual.Plus(pairs(cfg, limit))
		for range cfg.Goals { // Each is looked for as well.
			usual = usual.Plus(pairs(cfg, limit)).Plus(pairs(cfg, limit))
		}
	}
	more := Spend{longWindow * limit, lateWindow + latePair*float64(cfg.Pairs)}
	if cfg.Gentle {
		more = Spend{gentleWindow * limit, gentleLate}
	}
	r := Range{usual.times(least), usual, usual.times(longer).Plus(more)}
	return r.Within(float64(cfg.MaxRequests), cfg.MaxSeconds)
}

// climb is the bracket, and the rate that is refused; 0: none is.
func climb(cfg Config, limit float64) (Spend, float64) {
	factor := 2.0
	if cfg.Gentle {
		factor = 1.25
	}
	var sum Spend
	for rate := min(cfg.Start, cfg.MaxRate); ; rate = min(rate*factor, cfg.MaxRate) {
		seconds := max(1, 20/rate)
		if rate > limit {
			return sum.Plus(offer(rate, min(seconds, 1/limit))), rate
		}
		if rate >= cfg.MaxRate {
			return sum.Plus(offer(rate, longestAtMax)), 0
		}
		sum = sum.Plus(offer(rate, seconds)).Plus(Spend{0, answers})
	}
}

// overloads are the levels of overload and the probes of a burst.
func overloads(cfg Config, limit, refused float64) Spend {
	first := offer(min(1.5*refused, cfg.MaxRate), max(coarseTime, coarse/limit)+lookOften)
	probe := offer(min(flooding*limit, cfg.MaxRate), 2*lookOften)
	return Spend{0, 2 * breath}.Plus(first).Plus(Level(cfg, limit)).Plus(probe.times(smallTimes)).
		Plus(Spend{0, smallTimes * small / limit})
}

// Level is one level of overload that shows exactly how much is accepted.
func Level(cfg Config, limit float64) Spend {
	return offer(min(2*limit, cfg.MaxRate), max(fineTime, fine/limit)+lookOften)
}

// pairs are the trials of a proof.
func pairs(cfg Config, limit float64) Spend {
	s := search{cfg: cfg}
	settle, hold := s.settleTime(limit), s.holdTime(limit)
	fails := min(hold, 1/(2*margin*cfg.Width*limit)) // Until its first refusal.
	both := offer(limit, 2*settle+hold+fails).Plus(Spend{2 * primeRefusals, 2*primeRefusals/limit + 2*answers})
	return both.times(float64(cfg.Pairs))
}

// gently are the steps without an overload: halving what is between two rates, and pairs, with pauses.
func gently(cfg Config, limit float64) Spend {
	s := search{cfg: cfg}
	hold := s.holdTime(limit)
	halves := math.Ceil(math.Log2(0.2 / (inner * cfg.Width)))
	fails := min(hold, 1/(2*margin*cfg.Width*limit))
	half := offer(limit, s.settleTime(limit)+(hold+fails)/2).Plus(Spend{0, gentleRest * hold})
	return half.times(halves).Plus(pairs(cfg, limit)).Plus(Spend{0, 2 * gentleRest * hold * float64(cfg.Pairs)})
}
