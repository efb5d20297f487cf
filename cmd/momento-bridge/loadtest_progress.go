package main

import (
	"fmt"
	"io"
	"time"

	"momento-bridge/loadtest"
	"momento-bridge/loadtest/soak"
	"momento-bridge/terminal"
)

// rateProgress shows how far a rate test is.
type rateProgress struct {
	block    *terminal.Block
	duration time.Duration
	before   loadtest.Progress
}

func newRateProgress(w io.Writer, duration time.Duration) *rateProgress {
	return &rateProgress{block: terminal.NewBlock(w), duration: duration}
}

func (r *rateProgress) update(p loadtest.Progress) {
	seconds := max(1e-3, (p.Elapsed - r.before.Elapsed).Seconds())
	per := func(now, before int) string { return fmt.Sprintf("%d (%.0f/s)", now, float64(now-before)/seconds) }
	c, b := p.Counts, r.before.Counts
	lines := []string{
		fmt.Sprintf("%.0f s of %.0f s", min(p.Elapsed, r.duration).Seconds(), r.duration.Seconds()),
		fmt.Sprintf("accepted %s  refused %s  failed %s  not sent %d", per(c.Accepted, b.Accepted),
			per(c.Refused, b.Refused), per(c.Failed, b.Failed), c.Missed),
	}
	if d := p.Delivery; d != nil {
		before := 0
		if r.before.Delivery != nil {
			before = r.before.Delivery.Delivered
		}
		lines = append(lines, fmt.Sprintf(
			"delivered %s  on their way %d  twice %d  reordered %d", per(d.Delivered,
				before), d.Lost, d.Duplicates, d.Reordered))
	}
	_ = r.block.Show(lines...)
	r.before = p
}

// soakProgress shows how far a soak is: a block on a terminal, now and then some lines elsewhere.
type soakProgress struct {
	block *terminal.Block
	next  time.Duration // When it is told again.
}

// soakTold is how often a soak is told of where nothing is drawn again.
const soakTold = 5 * time.Minute

func newSoakProgress(w io.Writer) *soakProgress { return &soakProgress{block: terminal.NewBlock(w)} }

func (s *soakProgress) update(p soak.Progress) {
	if s.block.Live() || p.Elapsed >= s.next {
		_ = s.block.Show(p.Lines()...)
		s.next = p.Elapsed + soakTold
	}
}
