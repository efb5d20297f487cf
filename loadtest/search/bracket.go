package search

// longestAtMax is how long the greatest rate is offered until nothing is believed to be refused, in seconds.
const longestAtMax = 30

// bracket doubles the rate until something is refused.
func (s *search) bracket() error {
	factor := 2.0
	if s.cfg.Gentle {
		factor = 1.25
	}
	for rate := min(s.cfg.Start, s.cfg.MaxRate); ; {
		seconds := max(1, 20/rate)
		if rate >= s.cfg.MaxRate {
			seconds = longestAtMax
		}
		t, err := s.run("bracket", 0, Phase{Rate: rate, Seconds: seconds, Refusals: 1, Loose: true})
		switch {
		case err != nil:
			return err
		case t.last().Refused > 0 && s.pass > 0:
			s.refused = rate
			return nil
		case t.last().Refused > 0: // The start was too fast.
			if rate /= 2; rate < slowest {
				return errAlways
			}
			if err := s.idle(1 / rate); err != nil {
				return err
			}
		case rate >= s.cfg.MaxRate:
			s.result.Clean = t.last().passed()
			return errNoLimit
		default:
			s.pass = rate
			rate = min(rate*factor, s.cfg.MaxRate)
		}
	}
}

// slowest rate that is tried, per second.
const slowest = 0.05
