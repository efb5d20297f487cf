package source

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// settling takes everything unacknowledged into our own hands while the barrier is up: it asks for the consumer's
// numbers, makes sure that nobody else holds what is missing, hands that back in the name of whoever had it, asks for
// it, and opens the barrier once it is there. Each step is short, so that renewals go on. It belongs to the goroutine
// of the watch.
type settling struct {
	step   step
	began  time.Time
	until  time.Time // When the step is over, or looks at the numbers again.
	first  time.Time // When other replicas were asked for first,
	look   time.Time // and, by the server's clock, when the numbers were looked at first.
	fresh  bool      // Nothing has been held so far: whoever is active is somebody else.
	info   *jetstream.ConsumerInfo
	pause  time.Duration // Until the next look.
	looked time.Time     // When the last one was.
	next   uint64        // The next sequence to hand back,
	naks   int           // and how many have been.
	swept  time.Time     // When that was done last,
	since  time.Time     // and for the first time; if the server has ever taken note, for the first time that it has.
	noted  bool          // It has.
	firsts int           // How many messages had come for the first time then,
	asks   time.Time     // and since when the server is asked for more than seems to be missing; zero: it is not.
	// How many messages may still be asked for until it is done again, as the server may have others to give.
	room    int
	wide    bool     // Too much lies in between: nothing is handed back.
	slow    bool     // It takes long: the log says so, and the route is not ready.
	buf     []uint64 // Reused.
	subject []byte
}

type step uint8

const (
	settled    step = iota
	asking          // For the numbers, and for other replicas.
	listening       // For their answers.
	sweeping        // What is missing is handed back.
	confirming      // The server takes note of that.
	collecting      // What is missing comes.
)

const (
	// askAround is how long other replicas have to answer. Those that were heard before get more, as they are likely
	// to be there.
	askAround, askAroundAgain = 250 * time.Millisecond, time.Second
	// calmTime is how long a consumer must have been left alone, by the server's clock, before a daemon that has just
	// started takes what is unacknowledged for left behind: a replica that lives acknowledges, or has a request open.
	calmTime = 150 * time.Millisecond
	// strangersStay is how long requests must wait at the server to be those of somebody who lives and does not
	// answer. A server with gateways or leaf nodes keeps those of a daemon that was killed for a moment.
	strangersStay = 3 * time.Second
	// afterTheFirstLook is how late acknowledgements may be that somebody sent before it died.
	afterTheFirstLook = 20 * time.Millisecond
	// settlePoll is how often a step is looked at while it waits.
	settlePoll = 5 * time.Millisecond
	// Numbers are asked for again after this long without an arrival, and twice as long each time: acknowledgements
	// on their way make what is missing less.
	shortestPause = 20 * time.Millisecond
	// againAfter is how long nothing may come before what is missing is handed back again. Sooner would send the same
	// messages over a slow link again and again.
	againAfter = time.Second
	// noteTime is how long the server may take to note what was handed back, before it is asked for all the same, and
	// to say whether it has more of it.
	noteTime = 5 * time.Second
	// giveUpAfter is how long nothing may come before the barrier is opened as it is.
	giveUpAfter = 15 * time.Second
	// sweepAtOnce is handed back at a time, and as much as that for sweepFor in one step: writing may take long, and
	// renewals must go on.
	sweepAtOnce, sweepFor = 1024, 50 * time.Millisecond
	// longestRange is the most sequences that are swept. A topic that is parked for long holds the floor back.
	longestRange = 200_000
	// slowAfter is when the log says that it takes long.
	slowAfter = time.Second
	// knownFor is how long messages that were settled may come once more, at the least: those whose acknowledgement the
	// server has lost come after AckWait, or lateness later. To remember them longer than mostKnownFor is not worth the
	// looking.
	knownFor, mostKnownFor, lateness = 30 * time.Second, 2 * time.Minute, 5 * time.Second
)

// settle takes steps as far as they go while the barrier is up. An error means that the consumer is lost.
func (w *watch) settle(ctx context.Context) error {
	s := &w.settling
	for w.j.conn.IsConnected() {
		now := time.Now()
		if why := w.j.barrier.reason(); why != "" {
			w.begin(now, why)
		}
		before := *s
		var err error
		switch s.step {
		case settled:
			return nil
		case asking:
			err = w.ask(ctx, now)
		case listening:
			err = w.listen(ctx, now)
		case sweeping:
			w.sweep(now)
			return nil
		case confirming:
			if w.yielded() {
				return nil
			}
			if noted := w.p.sweepNoted(); noted || now.After(s.until) {
				w.confirmed(now, noted)
			}
		case collecting:
			if w.yielded() {
				return nil
			}
			err = w.collect(ctx, now)
		}
		if err != nil {
			return err
		}
		if s.step == before.step {
			break
		}
	}
	w.tellOfSlowness(time.Now())
	return nil
}

// yielded opens the barrier when one who holds a lease hears of another replica that consumes all the same: what that
// one has will not come. It reports whether it did. Without a lease it is listened for before anything is taken.
func (w *watch) yielded() bool {
	if !w.j.fenced() || !w.j.presence.heardSince(w.settling.first) {
		return false
	}
	w.open(true)
	return true
}

// poll is how soon to take the next step.
func (s *settling) poll() time.Duration {
	if s.step == sweeping {
		return 0
	}
	return settlePoll
}

// begin starts from the beginning. What was asked for is asked for again.
func (w *watch) begin(now time.Time, why string) {
	began := now
	if w.settling.step != settled {
		began = w.settling.began // It has not ended since.
	}
	w.settling = settling{
		step: asking, began: began, slow: w.settling.slow, buf: w.settling.buf,
		subject: w.settling.subject,
	}
	w.p.forget()
	w.j.held.know(w.j.acknowledged(0))
	w.j.log.Debug("nothing new is started until what is unacknowledged is in hand", "reason", why)
}

// ask asks for the numbers, and for other replicas.
func (w *watch) ask(ctx context.Context, now time.Time) error {
	s := &w.settling
	if now.Before(s.until) {
		return nil
	}
	held, settled := w.j.held.count()
	s.fresh, s.first = held == 0 && settled == 0, now
	w.j.presence.ask()
	if ok, err := w.inform(ctx); !ok {
		s.until = time.Now().Add(settlePoll)
		return err
	}
	s.look = s.info.TimeStamp
	// Acknowledgements may have died with a leader.
	if !w.j.barrier.complete() && s.info.Cluster != nil && len(s.info.Cluster.Replicas) > 0 {
		w.j.acks.repeat(w.j.acknowledged(s.info.AckFloor.Stream))
		if ok, err := w.inform(ctx); !ok {
			return err
		}
	}
	if w.j.barrier.complete() {
		w.open(false)
		return nil
	}
	if w.j.fenced() && !w.j.barrier.shared.Load() {
		w.takeAll()
		return nil
	}
	patience := w.j.askAround
	if w.j.barrier.shared.Load() {
		patience = max(patience, askAroundAgain)
	}
	s.step, s.until = listening, time.Now().Add(patience)
	return nil
}

// inform asks for the consumer's numbers. It reports whether there are any.
func (w *watch) inform(ctx context.Context) (bool, error) {
	s := &w.settling
	w.j.acks.push() // They count, too.
	info, err := w.numbers(ctx)
	s.looked = time.Now()
	if info == nil {
		return false, err
	}
	s.info = info
	w.j.barrier.inform(info.Delivered.Consumer, info.Delivered.Stream, info.NumAckPending,
		w.j.held.within(info.AckFloor.Stream, info.Delivered.Stream))
	return true, nil
}

// listen waits for other replicas. What they hold is theirs: it would be published twice.
func (w *watch) listen(ctx context.Context, now time.Time) error {
	s := &w.settling
	if w.j.presence.heardSince(s.first) {
		w.open(true)
		return nil
	}
	if now.Before(s.until) {
		return nil
	}
	if ok, err := w.inform(ctx); !ok {
		s.until = time.Now().Add(settlePoll)
		return err
	}
	active := lastActive(s.info)
	// Ours of before the connection was lost wait on, as our inbox is there again.
	strangers := s.info.NumWaiting - w.p.abandoned()
	// What others hold who do not answer would merely be published twice: where order does not count they are let be.
	careful := s.fresh || !w.j.cfg.Ordered
	switch {
	case w.j.barrier.complete():
		w.open(false)
	case w.j.presence.heardSince(s.first), s.fresh && active.After(s.look.Add(afterTheFirstLook)):
		w.open(true)
	case careful && strangers > 0 && now.Sub(s.first) > strangersStay: // None of the requests can be ours.
		w.open(true)
	case !w.j.cfg.Ordered && s.info.Delivered.Stream-s.info.AckFloor.Stream > longestRange:
		w.open(false) // It comes after AckWait.
	case careful && strangers > 0, s.fresh && s.info.TimeStamp.Sub(active) < calmTime:
		s.until = time.Now().Add(w.j.askAround)
	default:
		w.takeAll()
	}
	return nil
}

// takeAll hands back what is missing, which nobody else holds, or waits for AckWait if that is too far apart.
func (w *watch) takeAll() {
	s := &w.settling
	if s.info.Delivered.Stream-s.info.AckFloor.Stream > longestRange {
		w.j.log.Warn("too many messages lie between the last acknowledged and the last delivered, for example behind "+
			"a parked topic: nothing new is published until the server delivers the missing ones again, "+
			"after ack_wait",
			"sequences", s.info.Delivered.Stream-s.info.AckFloor.Stream, "unacknowledged", s.info.NumAckPending,
			"ack_wait", w.p.limits.AckWait)
		s.wide = true
		w.slow()
		w.startSweep()
		s.step, s.until = confirming, time.Now().Add(w.p.limits.AckWait)
		return
	}
	w.startSweep()
}

// lastActive is when the consumer's messages were delivered or acknowledged last.
func lastActive(info *jetstream.ConsumerInfo) time.Time {
	var last time.Time
	for _, at := range [...]*time.Time{info.Delivered.Last, info.AckFloor.Last} {
		if at != nil && at.After(last) {
			last = *at
		}
	}
	return last
}
