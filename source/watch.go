package source

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
)

// watch is what is done at each tick while a consumer is in use. It belongs to one goroutine.
type watch struct {
	j        *JetStream
	p        *puller
	consumer jetstream.Consumer
	route    *pipeline.Route
	arrivals uint64    // Heard so far.
	heard    time.Time // When something was heard last, or nothing was asked for.
	asked    time.Time // When the consumer's numbers were asked for last,
	ignored  bool      // and whether there was no answer.
	renewals []string  // Reused.
	hold     hold
	handed   time.Time // The halt in which what was held has been handed back: since when it is.
	waits    waits
	began    time.Time
	settling settling
	forgetAt time.Time // When what has been settled can come no more; zero: nothing is remembered.
	leader   string    // Of the consumer, as far as is known.
	awaited  uint64    // The consumer's sequence of the delivery that the last look has found to be missing; 0: none.
	// It is in a cluster. A server by itself calls itself leader, too, of a cluster without a name.
	clustered bool
	messages  uint64    // That have come so far,
	active    time.Time // and when the last of them did, as far as is known.
	glanced   time.Time // When the numbers alone were asked for last.
	settled   [2]uint64 // How many deliveries had ended at the last two ticks.
	// The consumer's sequence of what had been delivered when it was bound, or is lost: what came since is counted.
	base      uint64
	cut       bool   // The connection was lost since the numbers were asked for, with what was on its way.
	coming    uint64 // How many deliveries were on their way at the last look,
	delivered uint64 // and its consumer's sequence.
}

// tick renews, hands back, listens for heartbeats and asks for the consumer's numbers. An error means that the
// consumer is lost.
func (w *watch) tick(ctx context.Context, now time.Time) error {
	w.renew(now)
	w.j.cfg.Beat() // Each call of the connection may wait while it is made anew.
	w.handBack(now)
	w.adapt(now)
	w.forgetEnded(now)
	w.j.resume.sample()
	w.ticked()
	if err := w.denied(); err != nil {
		return err
	}
	w.p.keepAlive(now)
	arrivals, open, trouble := w.p.state()
	w.say(w.why(trouble))
	if arrivals != w.arrivals || !open && !w.ignored || !w.j.conn.IsConnected() {
		w.arrivals, w.heard = arrivals, now
	}
	silent := w.silent(now)
	if silent {
		w.j.missed.Add(1)
		w.j.throttled.Warn("the consumer is silent: looking for it", "since", w.heard)
		w.p.silent()
		w.heard = now
	}
	w.rest(now)
	if !silent && now.Sub(w.asked) < w.looksEvery() {
		return w.glance(ctx, now)
	}
	w.asked = now
	w.j.cfg.Beat()
	return w.look(ctx)
}

// lookTimeout is short, as nothing is renewed meanwhile.
const lookTimeout = 2 * time.Second

// look asks for the consumer's numbers. An error means that it cannot be used any more.
func (w *watch) look(ctx context.Context) error {
	before := w.ours()
	info, err := w.numbers(ctx)
	if info != nil {
		w.seen(info)
		w.countDeliveries(info)
		if idle, _ := w.p.resting(); !idle { // Otherwise there is nothing to acknowledge.
			unsure, now := w.unsure(info, before), w.ours()
			w.j.acks.push()
			if w.proveAcks() && unsure {
				w.recount(ctx, now)
			}
		}
	}
	return err
}

// numbers returns the consumer's numbers, nil if there is no answer. An error means that it does not exist, is another
// one, or has been edited and cannot be used.
func (w *watch) numbers(ctx context.Context) (*jetstream.ConsumerInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	before, asked := w.ours(), time.Now()
	info, err := w.consumer.Info(ctx)
	w.ignored = err != nil
	if gone(err) {
		return nil, w.j.explain(err)
	}
	if err != nil {
		w.j.figures.silent(asked)
		return nil, nil //nolint:nilnil // No answer is none.
	}
	if !info.Created.Equal(w.j.created) {
		return nil, errRemade
	}
	if _, err := w.j.check(info.Config); err != nil {
		return nil, err // Binding again says so, until it is mended.
	}
	w.j.numbers(info)
	w.j.figures.told(info, w.elsewhere(info, before))
	w.follow(info)
	return info, nil
}

// countDeliveries raises the barrier when the server has delivered more than has come, and nothing has come since the
// last look either: the last deliveries were lost, or went to somebody who had asked before, so that no gap tells.
func (w *watch) countDeliveries(info *jetstream.ConsumerInfo) {
	b, before := &w.j.barrier, w.awaited
	w.awaited = 0
	if !w.j.cfg.Ordered || b.up.Load() || b.shared.Load() || info.Delivered.Consumer < b.next.Load() {
		return
	}
	if w.awaited = b.next.Load(); w.awaited == before {
		w.j.unsettle("the last deliveries were lost")
	}
}

// follow raises the barrier when the consumer has another leader: what the last one delivered may have been lost.
func (w *watch) follow(info *jetstream.ConsumerInfo) {
	w.clustered = info.Cluster != nil && info.Cluster.Name != ""
	if info.Cluster == nil || info.Cluster.Leader == "" || info.Cluster.Leader == w.leader {
		return
	}
	if w.leader != "" {
		w.j.unsettle("the consumer has another leader")
	}
	w.leader = info.Cluster.Leader
}

// renew tells the server that what has been held for half of AckWait is still being worked on. A crowd is renewed
// over the next quarter of it, so that a replicated stream does not get a storm of proposals.
func (w *watch) renew(now time.Time) {
	if !w.j.conn.IsConnected() {
		return
	}
	wait := w.p.limits.AckWait
	share := 4 * w.p.limits.tick().Seconds() / wait.Seconds()
	w.renewals = w.j.held.due(now, now.Add(wait/2), share, w.renewals[:0])
	for _, reply := range w.renewals {
		if err := w.j.conn.Publish(reply, ackProgress); err != nil {
			w.j.throttled.Warn("a delivery could not be renewed: its message may be delivered again", "error", err)
			return
		}
		w.j.renewals.Add(1)
	}
}

// handBack returns what is queued once publishing has been halted for half of AckWait, but for one message to probe
// with: other replicas may do better, and a long outage costs no renewals. It waits until no request is open but for
// a probe, so that nothing comes back here, which is why little is asked for while publishing is halted. Nothing is
// delayed: it is done once in a halt, so there is no loop, and what is asked for afterwards, one message after each
// probe in vain, stays. What has come again since another halt stays, too, until the rest has: behind that the server
// would put it.
func (w *watch) handBack(now time.Time) {
	since := w.route.Halted()
	if since.IsZero() || since.Equal(w.handed) || w.j.barrier.up.Load() {
		return
	}
	halted := now.Sub(since)
	if halted >= w.p.limits.AckWait/4 {
		w.route.EndSearch() // From here on one message is asked for at a time.
	}
	if w.j.cfg.Ordered && w.j.barrier.awaits() {
		return
	}
	if outstanding, _ := w.j.held.count(); halted >= w.p.limits.AckWait/2 && w.p.expected() <= 1 && outstanding > 1 {
		w.handed = since
		w.route.HandBack()
	}
}

// adapt follows the rate of publishing with the number of messages held.
func (w *watch) adapt(now time.Time) {
	if w.j.cfg.Overload == pipeline.DropOldest { // Fewer would drop what could be published.
		w.route.Limit(w.p.limits.Held)
		return
	}
	_, settled := w.j.held.count()
	limits := w.p.limits.among(w.j.replicas())
	if limit, changed := w.hold.next(now, settled, &limits); changed {
		w.route.Limit(limit)
	}
}

// takeIn asks for messages: for those that are unacknowledged while the barrier is up, and otherwise for as many as
// there is room for. It returns what says when to call it again, at the latest. While acknowledgements do not arrive
// it asks for nothing.
func (w *watch) takeIn(ctx context.Context) (<-chan time.Time, error) {
	now := time.Now()
	if !w.j.Held(now) || !w.acksArrive(now) {
		return nil, nil
	}
	if !w.j.barrier.up.Load() {
		return nil, w.p.pull(now)
	}
	if !w.j.conn.IsConnected() {
		return nil, nil
	}
	if err := w.settle(ctx); err != nil || !w.j.barrier.up.Load() {
		return closedTime, err
	}
	// What is new need not wait where order does not count, but for a look at who else asks.
	if !w.j.cfg.Ordered && w.settling.step >= sweeping {
		if err := w.p.pull(now); err != nil {
			return nil, err
		}
	}
	return time.After(w.settling.poll()), nil
}

// closedTime is always ready.
var closedTime = func() <-chan time.Time { c := make(chan time.Time); close(c); return c }()
