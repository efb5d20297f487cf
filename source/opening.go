package source

import (
	"context"
	"log/slog"
	"time"
)

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
	j.log.Log(context.Background(), level, "what was unacknowledged is in hand: going on", "took",
		took.Round(time.Millisecond),
		"unacknowledged", s.info.NumAckPending, "handed_back", s.naks, "waited", waiting)
	j.held.keep()
	w.forgetAt = time.Now().Add(w.remembers())
	wasSlow := s.slow
	w.settling = settling{buf: s.buf, subject: s.subject}
	if wasSlow {
		_, _, trouble := w.p.state()
		w.say(w.why(trouble))
	}
}

// remembers is how long it is known what has ended, after the barrier was opened or such a message came once more.
func (w *watch) remembers() time.Duration {
	return min(max(knownFor, w.p.limits.AckWait+lateness), mostKnownFor)
}

// forgetEnded forgets what has ended once that can come no more.
func (w *watch) forgetEnded(now time.Time) {
	if w.forgetAt.IsZero() || w.j.barrier.up.Load() {
		return
	}
	if w.j.held.endedCame() { // Its acknowledgement may be lost once more.
		w.forgetAt = now.Add(w.remembers())
	}
	if now.After(w.forgetAt) {
		w.j.held.forgetEnded()
		w.forgetAt = time.Time{}
	}
}

func (w *watch) tellOfSlowness(now time.Time) {
	s := &w.settling
	if !w.j.cfg.Ordered || s.step == settled || s.slow || now.Sub(s.began) < slowAfter {
		return
	}
	w.slow()
	missing, _, waiting, _ := w.j.barrier.state()
	w.j.log.Info(
		"to keep the order, nothing new is published until all unacknowledged messages have come again",
		"missing", missing, "waiting", waiting)
}

// slow notes that it takes long. Health and status say so from now on; the log is the caller's.
func (w *watch) slow() {
	if !w.j.cfg.Ordered { // Nothing waits for it.
		return
	}
	w.settling.slow = true
	w.j.setReason(w.why(""))
}

// text says why nothing new is started.
func (s *settling) text(ackWait time.Duration) string {
	text := "nothing new is started until what was delivered before and is unacknowledged is in hand, to keep the order"
	if s.wide {
		text += "; that is too far apart to be asked for, so that the server delivers it after ack_wait " +
			ackWait.String() + ", and then it goes on by itself"
	}
	return text
}
