package source

import (
	"context"
	"log/slog"
	"time"
)

func (w *watch) startSweep() {
	s := &w.settling
	s.step, s.next = sweeping, s.info.AckFloor.Stream+1
	s.room = s.info.NumAckPending // With more, what is new comes as well, and the next replica has to gather that, too.
	if s.wide {
		s.room += w.p.limits.Held // It is not handed back again, and the server may have others to give meanwhile.
	}
	w.p.expectNote()
}

// sweep hands back some of what is missing. The server ignores what is not unacknowledged, and queues the rest in
// this order. At the end it is asked to say when it has done so, as it may serve a request before: by handing back a
// delivery that cannot be.
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
		s.subject = appendNakSubject(s.subject[:0], w.j.cfg.Stream, w.j.cfg.Consumer, sequence,
			s.info.Delivered.Consumer)
		if w.j.conn.Publish(string(s.subject), ackNotNow) != nil {
			return false
		}
	}
	s.naks += len(s.buf)
	return true
}

// confirmed notes that the server has taken note of what was handed back, or has had the time to.
func (w *watch) confirmed(now time.Time, noted bool) {
	s := &w.settling
	s.step, s.swept = collecting, now
	s.firsts, s.asks = w.j.barrier.firstDeliveries(), time.Time{}
	if noted = noted || s.wide; s.since.IsZero() || noted && !s.noted { // Where it is wide nothing is handed back.
		s.since, s.noted = now, noted
	}
}

// longest is how long nothing may come before the barrier is opened as it is. While the server seems not to hear what
// is handed back, the missing messages come once AckWait is over.
func (w *watch) longest() time.Duration {
	if w.settling.noted {
		return w.j.patience
	}
	return w.j.patience + min(w.p.limits.AckWait, longestUnheard)
}

// longestUnheard bounds how long the order is kept at the price of standing still where nothing is heard.
const longestUnheard = 2 * time.Minute

// collect asks for what is missing until it is there.
func (w *watch) collect(ctx context.Context, now time.Time) error {
	s, b := &w.settling, &w.j.barrier
	missing, moved, _, gap := b.state()
	if missing <= 0 && !gap {
		return w.conclude(now)
	}
	s.asks = time.Time{}
	asked, err := w.p.ask(now, min(missing, s.room))
	if err != nil {
		return err
	}
	s.room -= asked
	still := now.Sub(latest(moved, s.swept))
	switch {
	case gap && missing <= 0:
	case now.Sub(latest(moved, s.since)) > w.longest():
		w.j.log.Log(ctx, w.gravity(), "some unacknowledged messages do not come: going on without them; they may be "+
			"published out of order later", "missing", missing)
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

// conclude opens the barrier when nothing seems to be missing and the server has no more of what was handed back: it
// delivers that before anything new. Another replica may have acknowledged late what is in our hands, so that the
// server's number of unacknowledged messages alone is too small.
func (w *watch) conclude(now time.Time) error {
	s := &w.settling
	switch {
	case s.naks == 0, !w.j.cfg.Ordered, w.p.nothingIsThere(), w.j.barrier.firstDeliveries() > s.firsts:
		w.open(false)
		return nil
	case !s.asks.IsZero() && now.Sub(s.asks) > noteTime:
		w.p.forget() // It has no expiry, and would keep the place of others.
		w.open(false)
		return nil
	case s.asks.IsZero():
		s.asks = now
		w.p.forget() // What is open may wait for long.
	}
	return w.p.askWhatIsThere(now)
}

// gravity is how much it matters that something is missing.
func (w *watch) gravity() slog.Level {
	if w.j.cfg.Ordered {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
