package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"momento-bridge/loadtest"
	"momento-bridge/terminal"
)

// liveLines shows lines that change: redrawn in place on a terminal, one plain line each time elsewhere. It belongs to one goroutine.
type liveLines struct {
	w        io.Writer
	terminal bool
	drawn    int
}

func newLiveLines(w io.Writer) *liveLines { return &liveLines{w: w, terminal: terminal.Is(w)} }

func (l *liveLines) show(lines ...string) {
	if !l.terminal {
		fmt.Fprintln(l.w, strings.Join(lines, "; "))
		return
	}
	if l.drawn > 0 {
		fmt.Fprintf(l.w, "\x1b[%dA", l.drawn)
	}
	for _, line := range lines {
		fmt.Fprintf(l.w, "\x1b[2K%s\n", line)
	}
	l.drawn = len(lines)
}

// rateProgress shows how far a rate test is.
type rateProgress struct {
	lines    *liveLines
	duration time.Duration
	before   loadtest.Progress
}

func newRateProgress(w io.Writer, duration time.Duration) *rateProgress {
	return &rateProgress{lines: newLiveLines(w), duration: duration}
}

func (r *rateProgress) update(p loadtest.Progress) {
	seconds := max(1e-3, (p.Elapsed - r.before.Elapsed).Seconds())
	per := func(now, before int) string { return fmt.Sprintf("%d (%.0f/s)", now, float64(now-before)/seconds) }
	c, b := p.Counts, r.before.Counts
	lines := []string{
		fmt.Sprintf("%.0f s of %.0f s", min(p.Elapsed, r.duration).Seconds(), r.duration.Seconds()),
		fmt.Sprintf("accepted %s  refused %s  failed %s  not sent %d", per(c.Accepted, b.Accepted), per(c.Refused, b.Refused), per(c.Failed, b.Failed), c.Missed),
	}
	if d := p.Delivery; d != nil {
		before := 0
		if r.before.Delivery != nil {
			before = r.before.Delivery.Delivered
		}
		lines = append(lines, fmt.Sprintf("delivered %s  on their way %d  twice %d  reordered %d", per(d.Delivered, before), d.Lost, d.Duplicates, d.Reordered))
	}
	r.lines.show(lines...)
	r.before = p
}
