package source

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/pipeline"
)

// feed is the subscriptions of a route of core NATS, which outlive the source that has made them: where the settings
// of the route change, and its subjects do not, the next source has them, so that no message is missed meanwhile, and
// none is out of order. While it is held, its messages wait in the client's buffer.
type feed struct {
	subs   []*coreSubscription
	closed chan struct{} // Closed once all subscriptions are.
	state  atomic.Pointer[flowing]
}

// flowing is where the messages of a feed go.
type flowing struct {
	core  *Core // nil: it is held,
	route *pipeline.Route
	over  chan struct{} // until this is closed.
}

// tap is the callback of one subscription.
type tap struct {
	feed *feed
	to   *flowing // What in was made for.
	in   *intake
	done atomic.Int64 // Messages that were dealt with.
	held atomic.Bool  // It waits with one more.
	n    int64
}

func newFeed() *feed {
	f := &feed{closed: make(chan struct{})}
	f.hold()
	return f
}

// hold keeps back what comes from now on.
func (f *feed) hold() { f.become(&flowing{over: make(chan struct{})}) }

// flow lets messages go to a source and its route.
func (f *feed) flow(c *Core, route *pipeline.Route) {
	if now := f.state.Load(); now.core != c || now.route != route {
		f.become(&flowing{core: c, route: route})
	}
}

func (f *feed) become(next *flowing) {
	if before := f.state.Swap(next); before != nil && before.over != nil {
		close(before.over)
	}
}

// take deals with a message, once it may.
func (t *tap) take(m *nats.Msg) {
	if to := t.feed.state.Load(); to != t.to {
		t.turn(to)
	}
	t.in.take(m)
	t.n++
	t.done.Store(t.n)
}

// turn waits while the feed is held, and then makes ready for whoever has it.
func (t *tap) turn(to *flowing) {
	if t.in != nil {
		t.in.buffer.leave()
	}
	for to.core == nil {
		t.held.Store(true)
		<-to.over
		to = t.feed.state.Load()
	}
	t.held.Store(false)
	t.to, t.in = to, to.core.intake(to.route)
}

// still reports whether no message is on its way into a route.
func (s *coreSubscription) still() bool {
	delivered, err := s.Delivered()
	return err != nil || s.tap.held.Load() || s.tap.done.Load() == delivered
}

// stillPoll is how often it is looked at whether a feed that is held has come to rest.
const stillPoll = time.Millisecond

// Hold keeps back what comes from now on, and waits until nothing is on its way into the route any more. It reports
// whether it was subscribed, and this so within ctx; if not, nothing is held.
func (c *Core) Hold(ctx context.Context) bool {
	f := c.feed.Load()
	if f == nil {
		return false
	}
	f.hold()
	ticks := time.NewTicker(stillPoll)
	defer ticks.Stop()
	for slices.ContainsFunc(f.subs, func(s *coreSubscription) bool { return !s.still() }) {
		select {
		case <-ctx.Done():
			return false
		case <-ticks.C:
		}
	}
	return true
}

// Flow lets what Hold has kept back go on into the route.
func (c *Core) Flow(route *pipeline.Route) {
	if f := c.feed.Load(); f != nil {
		f.flow(c, route)
	}
}

// PassOn gives the subscriptions, which are held, to another source of the same subjects and queue group, which goes on
// with them and with what was counted. Then Run of this one ends.
func (c *Core) PassOn(next *Core) {
	next.feed.Store(c.feed.Load())
	next.Continue(c)
	close(c.passedOn)
}

// Continue goes on counting where another source of the route has ended. It comes before Run.
func (c *Core) Continue(other *Core) {
	c.lost.Add(other.lost.Load())
	c.noRoom.Add(other.noRoom.Load())
	if of := other.feed.Load(); of != c.feed.Load() && of != nil {
		for _, sub := range of.subs {
			c.lost.Add(sub.drops())
		}
	}
	c.told = c.Dropped() - c.lost.Load()
}

// Crowded reports whether half of what the client can hold is used up.
func (c *Core) Crowded() bool {
	f := c.feed.Load()
	return f != nil && slices.ContainsFunc(f.subs, func(s *coreSubscription) bool {
		messages, bytes, err := s.Pending()
		mostMessages, mostBytes, err2 := s.PendingLimits()
		return err == nil && err2 == nil && (messages > mostMessages/2 || bytes > mostBytes/2)
	})
}
