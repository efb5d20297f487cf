package source

import (
	"context"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// settling takes everything unacknowledged into our own hands while the barrier is up: it asks for the consumer's numbers, makes sure that nobody
// else holds what is missing, hands that back in the name of whoever had it, asks for it, and opens the barrier once it is there. Each step is
// short, so that renewals go on. It belongs to the goroutine of the watch.
type settling struct {
	step    step
	began   time.Time
	until   time.Time // When the step is over, or looks at the numbers again.
	first   time.Time // When the others were asked for,
	look    time.Time // and by the server's clock.
	fresh   bool      // Nothing has been held so far: whoever is active is somebody else.
	info    *jetstream.ConsumerInfo
	pause   time.Duration // Until the next look.
	looked  time.Time     // When the last one was.
	next    uint64        // The next sequence to hand back,
	naks    int           // and how many have been.
	swept   time.Time     // When that was done last,
	since   time.Time     // and for the first time.
	room    int           // How many messages may still be asked for until it is done again, as the server may have others to give.
	wide    bool          // Too much lies in between: nothing is handed back.
	slow    bool          // It takes long: the log says so, and the route is not ready.
	buf     []uint64      // Reused.
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
	// askAround is how long other replicas have to answer. Those that were heard before get more, as they are likely to be there.
	askAround, askAroundAgain = 25 * time.Millisecond, time.Second
	// calmTime is how long a consumer must have been left alone, by the server's clock, before a daemon that has just started takes what is
	// unacknowledged for left behind: a replica that lives acknowledges, or has a request open.
	calmTime = 150 * time.Millisecond
	// strangersStay is how long requests must wait at the server to be those of somebody who lives and does not answer. A server with gateways or
	// leaf nodes keeps those of a daemon that was killed for a moment.
	strangersStay = 3 * time.Second
	// afterTheFirstLook is how late acknowledgements may be that somebody sent before it died.
	afterTheFirstLook = 20 * time.Millisecond
	// settlePoll is how often a step is looked at while it waits.
	settlePoll = 5 * time.Millisecond
	// Numbers are asked for again after this long without an arrival, and twice as long each time: acknowledgements on their way make what is
	// missing less.
	shortestPause = 20 * time.Millisecond
	// againAfter is how long nothing may come before what is missing is handed back again. Sooner would send the same messages over a slow link
	// again and again.
	againAfter = time.Second
	// noteTime is how long the server may take to note what was handed back, before it is asked for all the same.
	noteTime = 5 * time.Second
	// giveUpAfter is how long nothing may come before the barrier is opened as it is.
	giveUpAfter = 15 * time.Second
	// sweepAtOnce is handed back at a time, and as much as that for sweepFor in one step: writing may take long, and renewals must go on.
	sweepAtOnce, sweepFor = 1024, 50 * time.Millisecond
	// longestRange is the most sequences that are swept. A topic that is parked for long holds the floor back.
	longestRange = 200_000
	// slowAfter is when the log says that it takes long.
	slowAfter = time.Second
	// knownFor is how long messages that were settled may come once more.
	knownFor = 30 * time.Second
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
			if w.p.sweepNoted() || now.After(s.until) {
				s.step, s.swept = collecting, now
				if s.since.IsZero() {
					s.since = now
				}
			}
		case collecting:
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
	w.settling = settling{step: asking, began: began, slow: w.settling.slow, buf: w.settling.buf, subject: w.settling.subject}
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
	if !w.j.barrier.complete() && s.info.Cluster != nil && len(s.info.Cluster.Replicas) > 0 { // Acknowledgements may have died with a leader.
		w.j.acks.repeat(w.j.acknowledged(s.info.AckFloor.Stream))
		if ok, err := w.inform(ctx); !ok {
			return err
		}
	}
	if w.j.barrier.complete() {
		w.open(false)
		return nil
	}
	s.step, s.until = listening, time.Now().Add(askAround)
	if w.j.barrier.shared.Load() {
		s.until = time.Now().Add(askAroundAgain)
	}
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
	w.j.barrier.inform(info.Delivered.Consumer, info.Delivered.Stream, info.NumAckPending, w.j.held.within(info.AckFloor.Stream, info.Delivered.Stream))
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
	switch {
	case w.j.barrier.complete():
		w.open(false)
	case w.j.presence.heardSince(s.first), s.fresh && active.After(s.look.Add(afterTheFirstLook)):
		w.open(true)
	case s.fresh && s.info.NumWaiting > 0 && now.Sub(s.first) > strangersStay: // None of the requests can be ours.
		w.open(true)
	case s.fresh && (s.info.NumWaiting > 0 || s.info.TimeStamp.Sub(active) < calmTime):
		s.until = time.Now().Add(askAround)
	case s.info.Delivered.Stream-s.info.AckFloor.Stream > longestRange:
		w.j.log.Warn("too much lies between what is acknowledged and what was delivered, such as behind a topic that is parked: "+
			"nothing new is started until the server delivers what is missing by itself, after ack_wait",
			"sequences", s.info.Delivered.Stream-s.info.AckFloor.Stream, "unacknowledged", s.info.NumAckPending, "ack_wait", w.p.limits.AckWait)
		s.wide = true
		w.slow()
		w.startSweep()
		s.step, s.until = confirming, time.Now().Add(w.p.limits.AckWait)
	default:
		w.startSweep()
	}
	return nil
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

func (w *watch) startSweep() {
	s := &w.settling
	s.step, s.next = sweeping, s.info.AckFloor.Stream+1
	s.room = s.info.NumAckPending + w.p.limits.Held
	w.p.expectNote()
}

// sweep hands back some of what is missing. The server ignores what is not unacknowledged, and queues the rest in this order. At the end it is
// asked to say when it has done so, as it may serve a request before: by handing back a delivery that cannot be.
func (w *watch) sweep(now time.Time) {
	s, upTo := &w.settling, w.settling.info.Delivered.Stream
	for s.next <= upTo && time.Since(now) < sweepFor {
		if !w.sweepSome(upTo) {
			return // The connection is gone, and it will begin again.
		}
	}
	if s.next <= upTo {
		return
	}
	s.subject = appendNakSubject(s.subject[:0], w.j.cfg.Stream, w.j.cfg.Consumer, upTo, 0)
	_ = w.j.conn.PublishRequest(string(s.subject), w.p.noteInbox(), ackNotNow) // Without an answer it goes on later.
	s.step, s.until = confirming, now.Add(noteTime)
}

// sweepSome reports whether it could be sent.
func (w *watch) sweepSome(upTo uint64) bool {
	s := &w.settling
	s.buf, s.next = w.j.held.unknown(s.next, upTo, sweepAtOnce, s.buf[:0])
	w.j.acks.push() // What has ended meanwhile must be known to have ended.
	for _, sequence := range s.buf {
		s.subject = appendNakSubject(s.subject[:0], w.j.cfg.Stream, w.j.cfg.Consumer, sequence, s.info.Delivered.Consumer)
		if w.j.conn.Publish(string(s.subject), ackNotNow) != nil {
			return false
		}
	}
	s.naks += len(s.buf)
	return true
}

// collect asks for what is missing until it is there.
func (w *watch) collect(ctx context.Context, now time.Time) error {
	s, b := &w.settling, &w.j.barrier
	missing, moved, _, gap := b.state()
	if missing <= 0 && !gap {
		w.open(false)
		return nil
	}
	asked, err := w.p.ask(now, min(missing, s.room))
	if err != nil {
		return err
	}
	s.room -= asked
	still := now.Sub(latest(moved, s.swept))
	switch {
	case gap && missing <= 0:
	case now.Sub(latest(moved, s.since)) > giveUpAfter:
		w.j.log.Warn("some of what is unacknowledged does not come: going on without it; its messages may be published out of order later", "missing", missing)
		w.open(false)
		return nil
	case still < max(s.pause, shortestPause) || now.Sub(s.looked) < max(s.pause, shortestPause):
		return nil
	}
	if ok, err := w.inform(ctx); !ok || b.complete() {
		return err
	}
	s.pause = 2 * max(s.pause, shortestPause)
	if still >= againAfter && !s.wide {
		s.pause = 0
		w.startSweep()
	}
	return nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// open ends it.
func (w *watch) open(shared bool) {
	s, j := &w.settling, w.j
	_, _, waiting, _ := j.barrier.state()
	if shared {
		j.meet()
	} else if s.step != asking { // Nobody has answered.
		j.barrier.shared.Store(false)
	}
	if !j.barrier.open(w.route.Submit) {
		return // It was raised again.
	}
	took := time.Since(s.began)
	level := slog.LevelDebug
	if s.slow || took > slowAfter {
		level = slog.LevelInfo
	}
	j.log.Log(context.Background(), level, "what was unacknowledged is in hand: going on", "took", took.Round(time.Millisecond),
		"unacknowledged", s.info.NumAckPending, "handed_back", s.naks, "waited", waiting)
	j.held.keep()
	w.forgetAt = time.Now().Add(knownFor)
	wasSlow := s.slow
	w.settling = settling{buf: s.buf, subject: s.subject}
	if wasSlow {
		_, _, trouble := w.p.state()
		w.say(w.why(trouble))
	}
}

func (w *watch) tellOfSlowness(now time.Time) {
	s := &w.settling
	if s.step == settled || s.slow || now.Sub(s.began) < slowAfter {
		return
	}
	w.slow()
	missing, _, waiting, _ := w.j.barrier.state()
	w.j.log.Info("nothing new is started until what is unacknowledged is in hand, to keep the order", "missing", missing, "waiting", waiting)
}

// slow notes that it takes long. Health and status say so from now on; the log is the caller's.
func (w *watch) slow() {
	w.settling.slow = true
	w.j.setReason(w.why(""))
}

// text says why nothing new is started.
func (s *settling) text(ackWait time.Duration) string {
	text := "nothing new is started until what was delivered before and is unacknowledged is in hand, to keep the order"
	if s.wide {
		text += "; that is too far apart to be asked for, so that the server delivers it after ack_wait " + ackWait.String() + ", and then it goes on by itself"
	}
	return text
}
