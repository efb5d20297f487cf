package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"momento-bridge/terminal"
)

var (
	// errLost says that the sum check of the demo failed.
	errLost = errors.New("messages were lost")
	// errLeft says that the demo ended before everything was delivered.
	errLeft = errors.New("messages are still in the stream: they are not lost, but the demo ended before it had " +
		"delivered them; give it a larger --quota, a smaller --rate or fewer faults")
)

const (
	// patience is how long the demo waits at the end while nothing is delivered.
	patience = 30 * time.Second
	// How many publishes a message may need, refusals while the quota is found among them.
	triesEach, triesAgainstFaults = 3, 10
	// waitLook is how often it looks.
	waitLook = 20 * time.Millisecond
	// waitRecent is the time over which it measures how fast messages are delivered.
	waitRecent = 3 * time.Second
)

// waiting waits at the end of the demo for what is on its way, as long as it moves, and at most as long as the quota
// explains.
type waiting struct {
	quota float64 // Publishes per second; 0: no limit.
	tries int     // How many a message may need.
	sum   func() sums
	show  func(lines ...string)
	stop  <-chan struct{} // Nobody wants to wait.
}

// most is how long it may take: what is left may need a publish each, and some of them several.
func (w *waiting) most(left int) time.Duration {
	if w.quota <= 0 {
		return patience
	}
	return patience + time.Duration(float64(w.tries*left)/w.quota*float64(time.Second))
}

// still is how long nothing may be delivered.
func (w *waiting) still() time.Duration { return w.most(1) }

// run waits. It reports whether everything was delivered.
func (w *waiting) run() bool {
	ticks := time.NewTicker(waitLook)
	defer ticks.Stop()
	began := time.Now()
	var pace pace
	most := w.most(w.sum().left())
	for next := began; ; {
		now, s := time.Now(), w.sum()
		pace.note(now, s.delivered)
		switch {
		case s.left() == 0:
			return true
		case now.Sub(began) > most, now.Sub(pace.moved) > w.still():
			return false
		case !now.Before(next):
			next = now.Add(time.Second)
			w.show(w.line(s.left(), pace.rate(now)))
		}
		select {
		case <-w.stop:
			return false
		case <-ticks.C:
		}
	}
}

// line says what is awaited, and how long it will take.
func (w *waiting) line(left int, rate float64) string {
	text := fmt.Sprintf("waiting for %s on the way", terminal.Plural(left, "message"))
	switch {
	case rate > 0:
		text += fmt.Sprintf(", delivered at %s/s: about %s more", terminal.Number(rate),
			ahead(left, rate))
	case w.quota > 0:
		text += fmt.Sprintf(": about %s at the quota of %g publishes/s", ahead(left, w.quota), w.quota)
	}
	return text
}

// ahead is how long so many take at a rate, in whole seconds, of which there is one at least.
func ahead(left int, rate float64) string {
	return terminal.Age(time.Duration(max(1, math.Round(float64(left)/rate))) * time.Second)
}

// pace measures how fast messages are delivered.
type pace struct {
	moved time.Time // When the latest was seen to be delivered.
	marks []mark    // The recent ones, of different counts, and the one before them.
}

type mark struct {
	at        time.Time
	delivered int
}

func (p *pace) note(now time.Time, delivered int) {
	if n := len(p.marks); n > 0 && p.marks[n-1].delivered == delivered {
		return
	}
	p.moved = now
	p.marks = append(p.marks, mark{now, delivered})
	for len(p.marks) > 2 && now.Sub(p.marks[1].at) > waitRecent {
		p.marks = p.marks[1:]
	}
}

// rate is in messages per second; 0: not known.
func (p *pace) rate(now time.Time) float64 {
	first, last := p.marks[0], p.marks[len(p.marks)-1]
	seconds := now.Sub(first.at).Seconds()
	if last.delivered == first.delivered || seconds <= 0 {
		return 0
	}
	return float64(last.delivered-first.delivered) / seconds
}

// wait waits for what is on its way, shows that, and says how it ended.
func (d *demo) wait(ctx context.Context, o Options, stderr io.Writer) {
	stop := ctx.Done()
	if ctx.Err() != nil {
		fmt.Fprintln(stderr, "stopping: waiting for what is on its way; Ctrl-C again ends at once")
		stop = o.Hurry
	} else {
		fmt.Fprintln(stderr, "time is up: waiting for what is on its way; Ctrl-C ends without")
	}
	block := terminal.NewBlock(stderr)
	w := waiting{
		quota: o.Quota, tries: triesEach, sum: d.ledger.sum, stop: stop,
		show: func(lines ...string) { _ = block.Show(lines...) },
	}
	if o.Faults != "" {
		w.tries = triesAgainstFaults
	}
	if !w.run() {
		fmt.Fprintf(stderr, "ended with %s on the way\n", terminal.Plural(d.ledger.sum().left(), "message"))
	}
}

// account is the sum check when the bridge has ended: what is left is lost, but for what the stream still has.
func (d *demo) account() sums {
	s := d.ledger.sum()
	s.lost = s.coreLeft + s.streamLeft
	if s.streamLeft > 0 {
		s.lost -= min(s.streamLeft, d.kept())
	}
	return s
}

// kept is how many messages the stream has for the bridge.
func (d *demo) kept() int {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	consumer, err := d.js.Consumer(ctx, "ORDERS", "momento-bridge-orders")
	if err != nil {
		return 0
	}
	info := consumer.CachedInfo()
	return int(info.NumPending) + info.NumAckPending
}

// problem is how the demo ends; nil: everything was delivered.
func (s sums) problem() error {
	switch {
	case s.lost > 0:
		return errLost
	case s.left() > 0:
		return fmt.Errorf("%d %w", s.left(), errLeft)
	}
	return nil
}
