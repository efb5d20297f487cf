package canary

import (
	"math"
	"slices"
	"time"
)

// Patience is how long things may take before they are told of. It is the same for every sender: what differs is how
// often it sends.
const (
	// lateAfter is how long the endpoint may take from its acceptance to the subscriber.
	lateAfter = 3 * time.Second
	// lostAfter is after how long a message is taken for lost: since it was sent, until a bridge has it, and since the
	// endpoint has accepted it, until the subscriber has it.
	lostAfter = 10 * time.Second
	// deafAfter is how long a subscriber may fail to listen.
	deafAfter = 10 * time.Second
	// settledAfter is after how long a poll that has not failed is one that listens.
	settledAfter = 2 * time.Second
	// stubbornAfter is how long the endpoint may put a message off while nothing else is wrong.
	stubbornAfter = 20 * time.Second
)

// stage is where a message is.
type stage uint8

const (
	atNATS stage = iota // Sent, and not come to the bridge.
	inBridge
	accepted // By the endpoint.
)

// journey is a message under way.
type journey struct {
	number  uint64
	stage   stage
	sent    time.Time
	since   time.Time // When the stage began; accepted: when the subscriber could have it.
	renewed bool      // The subscriber was told to begin anew because of it.
}

// Watch follows the messages of one sender on their way, from NATS through the bridge and the endpoint to a subscriber,
// and says how that goes. What is under way is judged only where somebody could have it: neither while the bridge says
// that it holds it, nor while the subscriber cannot listen, nor while this process does not run: Tick is to be called
// once a second or more often. Its methods are not to be called concurrently.
type Watch struct {
	book     *Book
	journeys []journey // The oldest first.
	halted   string    // Why nothing is sent; empty: it is.
	silent   bool      // NATS does not answer.
	known    excuse    // Why nothing is published,
	slow     excuse    // and why little is, as the bridge has said last.
	listener listener
	awake    time.Time // When it was told the time last.

	seen, gone, refused uint64 // The highest numbers that were: seen, lost, refused.
	seenAt              time.Time
	took, delivery      time.Duration // Of the latest seen: in all, and from the endpoint's acceptance.
	acceptedAt          time.Time     // The latest.
	refusal, loss       string        // Why, of the latest.
}

// listener is the subscriber as the watch knows it.
type listener struct {
	failing time.Time // Since when; zero: it does not.
	why     string
	polling time.Time // When the latest poll began; zero: none is under way.
	heard   bool      // Something has come since it has begun anew.
	again   uint64    // From this number on what was seen may come once more, as it has begun anew.
}

// NewWatch returns the watch of a sender.
func NewWatch(replica string) *Watch {
	return &Watch{book: NewBook(Settings{Replica: replica, Lost: lostAfter, Remember: 64})}
}

// Counts returns what has been counted.
func (w *Watch) Counts() Counts { return w.book.Counts() }

// Quantile returns how long that share of the latest messages took at most.
func (w *Watch) Quantile(share float64) (time.Duration, bool) { return w.book.Quantile(share) }

// Listens reports whether the subscriber listens, as far as is known: its poll has lasted for a while.
func (w *Watch) Listens(now time.Time) bool {
	w.wake(now)
	l := &w.listener
	return l.failing.IsZero() && (l.heard || !l.polling.IsZero() && now.Sub(l.polling) >= settledAfter)
}

// Clear reports whether a further message may be sent: none is on the way to the endpoint, and NATS answers.
func (w *Watch) Clear() bool {
	return !w.silent && !slices.ContainsFunc(w.journeys, func(j journey) bool { return j.stage != accepted })
}

// Send enters the next message.
func (w *Watch) Send(now time.Time) Payload {
	w.wake(now)
	n := w.book.Next()
	p := w.book.Sent(now, n)
	w.book.Hold(n) // Overdue asks whether NATS is there before it is lost.
	w.journeys = append(w.journeys, journey{number: n, sent: now, since: now})
	w.halted = ""
	return p
}

// Halt says that nothing is sent, and why. The next Send ends it.
func (w *Watch) Halt(why string) { w.halted = why }

// Forget expects nothing more of a message, as nobody can tell what became of it.
func (w *Watch) Forget(n uint64) {
	w.book.Withdraw(n)
	w.drop(n)
}

// NATSAway says that there is no connection to NATS: what was on its way there may be gone, and nobody is to blame.
func (w *Watch) NATSAway() {
	for _, j := range slices.Clone(w.journeys) {
		if j.stage == atNATS {
			w.Forget(j.number)
		}
	}
}

// NATSAnswers says whether NATS has answered when it was asked. As long as it does not, nothing is sent, and what was
// on its way there is nobody's loss.
func (w *Watch) NATSAnswers(yes bool) {
	if w.silent = !yes; w.silent {
		w.NATSAway()
	}
}

// Silent reports whether NATS did not answer when it was asked last, so that it is to be asked again.
func (w *Watch) Silent() bool { return w.silent }

// Stop expects nothing more of all that is under way.
func (w *Watch) Stop() {
	w.book.WithdrawAll()
	w.journeys = nil
}

// Overdue returns the messages that NATS should have brought by now. Whoever is sure that NATS answers calls Lose.
func (w *Watch) Overdue(now time.Time) []uint64 {
	w.wake(now)
	var overdue []uint64
	for _, j := range w.journeys {
		if j.stage == atNATS && now.Sub(j.since) >= lostAfter {
			overdue = append(overdue, j.number)
		}
	}
	return overdue
}

// Lose says that a message is lost, and where.
func (w *Watch) Lose(n uint64, why string) {
	w.book.Lose(n)
	w.drop(n)
	w.gone, w.loss = max(w.gone, n), why
}

// Taken says that the bridge has a message.
func (w *Watch) Taken(now time.Time, n uint64) {
	w.wake(now)
	if j := w.journey(n); j != nil && j.stage == atNATS {
		j.stage, j.since = inBridge, now
	}
}

// Accepted says that the endpoint has accepted a message.
func (w *Watch) Accepted(now time.Time, n uint64) {
	w.wake(now)
	j := w.journey(n)
	if j == nil {
		return
	}
	j.stage, j.since, w.acceptedAt = accepted, now, now
	if w.listener.failing.IsZero() {
		w.book.Expect(now, n)
	}
}

// Refused says that a message has ended without being accepted, and why.
func (w *Watch) Refused(n uint64, why string) {
	if w.journey(n) == nil {
		return
	}
	w.Forget(n)
	w.refused, w.refusal = max(w.refused, n), why
}

// Polling says that the subscriber begins a long poll.
func (w *Watch) Polling(now time.Time) {
	w.wake(now)
	w.listener.polling = now
}

// PollFailed says that the subscriber's poll has failed, and why.
func (w *Watch) PollFailed(now time.Time, why string) {
	w.wake(now)
	l := &w.listener
	l.polling, l.why = time.Time{}, why
	if !l.failing.IsZero() {
		return
	}
	l.failing = now
	for _, j := range w.journeys {
		if j.stage == accepted {
			w.book.Hold(j.number)
		}
	}
}

// Renewed says that the subscriber begins anew, without a place in the topic.
func (w *Watch) Renewed() {
	w.listener.heard, w.listener.again, w.listener.polling = false, 0, time.Time{}
}

// Skipped says that the endpoint does not let the subscriber go on where it was. What was accepted while it could not
// listen may be among what is skipped, so nobody can tell.
func (w *Watch) Skipped() {
	if !w.listener.failing.IsZero() {
		w.forgetAccepted()
	}
}

// Received takes what the subscriber has got. Others' messages change nothing but a count.
func (w *Watch) Received(now time.Time, data []byte) Result {
	w.wake(now)
	w.recover(now)
	w.listener.heard = true
	p, err := Read(data)
	if err != nil {
		p = Payload{}
	}
	if p.Number >= w.listener.again && w.book.Has(p) { // A topic hands over what it has kept, in order.
		w.listener.again = p.Number + 1
		return Result{}
	}
	r := w.book.Seen(now, p)
	if r.Kind != Seen {
		return r
	}
	w.listener.again = math.MaxUint64 // It is where it was.
	w.seenAt, w.took, w.delivery = now, r.Latency, 0
	switch j := w.journey(p.Number); {
	case r.Late: // It had been lost; what was withdrawn is not judged.
		w.delivery = r.Latency
	case j != nil && j.stage == accepted:
		w.delivery = now.Sub(j.since)
	}
	if !r.Late && w.delivery > lateAfter {
		r.Late = true
		w.book.counts.Late++
	}
	w.seen = max(w.seen, p.Number)
	w.drop(p.Number)
	return r
}

// Tick looks at what is due. It returns how many messages are lost now, and whether the subscriber should begin anew,
// as it may be the one that does not get what others do.
func (w *Watch) Tick(now time.Time) (newlyLost int, renew bool) {
	w.wake(now)
	if l := &w.listener; !l.failing.IsZero() && !l.polling.IsZero() && now.Sub(l.polling) >= settledAfter {
		w.recover(now)
	}
	for _, gone := range w.book.Due(now) {
		newlyLost++
		if w.journey(gone.Number) == nil {
			continue // It was told where it was lost.
		}
		w.Lose(gone.Number, "the endpoint accepted it and the subscriber, which listened, did not get it")
	}
	if !w.listener.failing.IsZero() {
		w.giveUp(now)
		return newlyLost, false
	}
	for i := range w.journeys {
		j := &w.journeys[i]
		if j.stage == accepted && !j.renewed && now.Sub(j.since) >= lostAfter/2 {
			j.renewed, renew = true, true
		}
	}
	return newlyLost, renew
}

// giveUp expects nothing more of what was accepted long ago while the subscriber cannot listen.
func (w *Watch) giveUp(now time.Time) {
	for _, j := range slices.Clone(w.journeys) {
		if j.stage == accepted && now.Sub(j.since) > time.Minute {
			w.Forget(j.number)
		}
	}
}

// recover says that the subscriber listens. What was accepted while it did not is expected from now on, if it goes on
// where it was; otherwise nobody can tell.
func (w *Watch) recover(now time.Time) {
	l := &w.listener
	if l.failing.IsZero() {
		return
	}
	l.failing, l.why = time.Time{}, ""
	for i := range w.journeys {
		if j := &w.journeys[i]; j.stage == accepted {
			j.since = now
			w.book.Expect(now, j.number)
		}
	}
	if !l.heard {
		w.forgetAccepted()
	}
}

func (w *Watch) forgetAccepted() {
	for _, j := range slices.Clone(w.journeys) {
		if j.stage == accepted {
			w.Forget(j.number)
		}
	}
}

func (w *Watch) journey(n uint64) *journey {
	for i := range w.journeys {
		if w.journeys[i].number == n {
			return &w.journeys[i]
		}
	}
	return nil
}

func (w *Watch) drop(n uint64) {
	w.journeys = slices.DeleteFunc(w.journeys, func(j journey) bool { return j.number == n })
}
