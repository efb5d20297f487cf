package main

import (
	"io"
	"time"

	"momento-bridge/loadtest"
	"momento-bridge/loadtest/soak"
	"momento-bridge/terminal"
)

// findProgress shows how far a search is: a block on a terminal, a line for each trial elsewhere.
type findProgress struct {
	block *terminal.Block
	told  int // The latest trial that has a line.
}

func newFindProgress(w io.Writer) *findProgress { return &findProgress{block: terminal.NewBlock(w)} }

func (f *findProgress) update(p loadtest.FindProgress) {
	if !f.block.Live() && p.Trial == f.told {
		return
	}
	f.told = p.Trial
	_ = f.block.Show(p.Lines()...)
}

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
	_ = r.block.Show(p.Lines(r.duration, &r.before)...)
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
