package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"momento-bridge/loadtest"
	"momento-bridge/terminal"
)

// showPlan prints what is about to happen.
func showPlan(cmd *cobra.Command, lines []loadtest.Line) {
	for _, line := range lines {
		fmt.Fprintf(cmd.ErrOrStderr(), "  %-9s %s\n", line.Name, line.Text)
	}
}

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
