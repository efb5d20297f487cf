package pipeline

import "time"

// shape is how what is in flight is spread: over so many workers at the most, so many publishes on the connection of
// each.
type shape struct{ workers, depth int }

// depth finds the shape. A fixed one never changes. Otherwise it begins flat, with one publish on each connection, and
// goes on only where all workers that may be busy are, and messages wait:
//
//   - First deeper: a quarter of the workers with four times the depth have as many publishes in flight, and need half
//     of the processor time. That is kept unless it carries less, as where the endpoint answers those of a connection
//     one by one.
//   - Then wider: twice as many in flight are kept only if they carry more. If all that they do is to make answers take
//     longer, the endpoint is the limit.
//
// Each change is a trial: what is carried in the window after it decides. What was not kept is tried again after a
// while, which doubles. Any trouble makes it flat at once. So does a load that needs no more, step by step.
//
// It is a state machine of its own: the pipeline's mutex guards it, and times are handed in.
type depth struct {
	auto bool
	flat shape // With as many workers as there are.
	now  shape

	// The window.
	began   time.Time
	asked   int           // How often a worker with room has looked for more,
	filled  int           // and how often it has got as much as it had room for.
	answers int           // Accepted publishes,
	took    time.Duration // and how long they took, together.

	trial    trial
	settling bool          // The shape has changed in this window, which says little.
	latency  time.Duration // Of an answer, in the latest window that had any.
	calm     int           // Windows in a row in which workers found nothing to do,
	patience int           // and after how many of them it becomes smaller.
	relaxed  bool          // It has become smaller since the latest trial.

	deeper, wider wait
	caution       wait // After trouble.
}

// trial is what a new shape must carry to be kept.
type trial struct {
	from  shape
	least float64 // Publishes per second; 0: there is no trial.
	wait  *wait   // How long until it is tried again, if not kept.
}

// wait is a time before which something is not tried. It doubles each time.
type wait struct {
	until time.Time
	next  time.Duration
}

const (
	// MostByNeed is where depth by need ends: deeper ones hardly need less processor time.
	MostByNeed = 16
	// fewestWorkers share the load, so that several processors can.
	fewestWorkers = 4

	// A window is depthWindow, or several answers' time.
	depthWindow  = 100 * time.Millisecond
	depthAnswers = 3
	// calmWindows without need make it smaller, or twice as many each time that this was too small. After a pause of
	// pauseWindows it is flat.
	calmWindows, mostCalmWindows, pauseWindows = 10, 100, 30

	// What a deeper shape and a wider one must carry of what was carried before.
	deeperKeeps, widerKeeps = 0.8, 1.25

	firstWait, longestWait       = 2 * time.Second, time.Minute
	firstCaution, longestCaution = 10 * time.Second, 5 * time.Minute
)

// newDepth returns the depth for a number of workers, with so many publishes in flight on each connection, or ByNeed.
func newDepth(workers, each int) depth {
	d := depth{auto: each == ByNeed, flat: shape{workers, max(1, each)}, patience: calmWindows}
	d.now = d.flat
	d.deeper.next, d.wider.next, d.caution.next = firstWait, firstWait, firstCaution
	return d
}

// most is the largest depth of a connection.
func (d *depth) most() int {
	if d.auto {
		return MostByNeed
	}
	return d.flat.depth
}

// ask notes that a worker has looked for as much as it has room for, and whether it has got that.
func (d *depth) ask(now time.Time, filled bool) {
	if !d.auto {
		return
	}
	d.asked++
	if filled {
		d.filled++
	}
	length := max(depthWindow, depthAnswers*d.latency)
	if passed := now.Sub(d.began); passed >= length {
		if d.answers > 0 {
			d.latency = d.took / time.Duration(d.answers)
		}
		d.decide(now, passed, passed >= pauseWindows*length)
		d.began, d.asked, d.filled, d.answers, d.took = now, 0, 0, 0, 0
	}
}

// answer notes an answer, and how long it took.
func (d *depth) answer(now time.Time, v Verdict, took time.Duration) {
	if !d.auto {
		return
	}
	switch v {
	case Accept:
		d.answers++
		d.took += took
	case Retry, Ambiguous:
		d.trouble(now)
	case Reject, HaltAll, HaltTopic, HaltCache, HaltRoute, SlowDown, Unsent:
	}
}

// patienceFor is how long the busy workers may take until one of them comes back.
func (d *depth) patienceFor() time.Duration { return max(slowAnswer, 2*d.latency) }

// trouble makes it flat, for a while that is longer the more often depth has met trouble.
func (d *depth) trouble(now time.Time) {
	if now.Sub(d.caution.until) > longestCaution {
		d.caution.next = firstCaution
	}
	if d.now.depth > 1 {
		d.caution.start(now, longestCaution)
	}
	d.change(d.flat)
	d.trial = trial{}
	for _, w := range []*wait{&d.deeper, &d.wider} {
		w.until = later(w.until, later(now.Add(firstCaution), d.caution.until))
	}
}

// decide is called at the end of a window.
func (d *depth) decide(now time.Time, passed time.Duration, paused bool) {
	rate := float64(d.answers) / passed.Seconds()
	needed := 10*d.filled >= 9*d.asked
	if needed {
		d.calm = 0
	} else {
		d.calm++
	}
	switch {
	case paused:
		d.change(d.flat)
		d.trial = trial{}
	case d.settling:
		d.settling = false
	case d.trial.least > 0:
		d.judge(now, rate, needed)
	case needed:
		d.try(now, rate)
	case d.calm >= d.patience:
		d.relax()
	}
}

// relax makes it smaller.
func (d *depth) relax() {
	d.calm = 0
	if d.now == d.flat {
		d.patience = calmWindows
		return
	}
	d.change(d.smaller())
	d.relaxed = true
}

// judge ends a trial.
func (d *depth) judge(now time.Time, rate float64, needed bool) {
	t := d.trial
	d.trial = trial{}
	if !needed || rate >= t.least {
		t.wait.next = firstWait
		return
	}
	t.wait.start(now, longestWait)
	d.change(t.from)
}

// try begins a trial, if there is one to make.
func (d *depth) try(now time.Time, rate float64) {
	deep, wide := d.deepened(), d.widened()
	switch {
	case deep != d.now && !now.Before(d.deeper.until):
		d.trial = trial{d.now, deeperKeeps * rate, &d.deeper}
		d.grow(deep)
	case wide != d.now && !now.Before(d.wider.until):
		d.trial = trial{d.now, widerKeeps * rate, &d.wider}
		d.grow(wide)
	}
}

func (d *depth) grow(to shape) {
	if d.relaxed {
		d.patience = min(2*d.patience, mostCalmWindows)
		d.relaxed = false
	}
	d.change(to)
}

func (d *depth) change(to shape) {
	d.settling = d.settling || to != d.now
	d.now = to
}

// deepened has as much in flight as now, on fewer connections.
func (d *depth) deepened() shape {
	times := min(4, MostByNeed/d.now.depth)
	return shape{max(d.now.workers/times, min(fewestWorkers, d.flat.workers)), times * d.now.depth}
}

// widened has twice as much in flight as now.
func (d *depth) widened() shape {
	if d.now.workers < d.flat.workers {
		return shape{min(2*d.now.workers, d.flat.workers), d.now.depth}
	}
	return shape{d.now.workers, min(2*d.now.depth, MostByNeed)}
}

// smaller has half as much in flight as now, unless flat has no more than that.
func (d *depth) smaller() shape {
	if half := d.now.workers / 2; half*d.now.depth > d.flat.workers {
		return shape{half, d.now.depth}
	}
	return d.flat
}

// start begins the wait.
func (w *wait) start(now time.Time, longest time.Duration) {
	w.until = now.Add(w.next)
	w.next = min(2*w.next, longest)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
