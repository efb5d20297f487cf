package daemon

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/canary"
	"momento-bridge/config"
	"momento-bridge/pipeline"
	"momento-bridge/sink"
)

// canaries are the daemon's own messages that are sent through NATS, pipeline and endpoint to a subscriber of its own,
// to see whether messages get through. The nil canaries send none.
type canaries struct {
	d       *Daemon
	every   time.Duration
	to      canaryTarget
	replica string // Whose messages its own are,
	own     string // and the subject that they come on.
	guests  *canaryGuests
	log     *slog.Logger
	seconds prometheus.Histogram
	route   *pipeline.Route // From New on.

	mu    sync.Mutex // Guards the following. Nothing else is locked while it is held.
	watch *canary.Watch
	renew context.CancelFunc // Lets the subscriber begin anew; nil: it is not there.

	told   canary.State // Of run: what was logged last,
	toldAt time.Time    // and when that was looked at.
}

// canaryTarget is where canaries go.
type canaryTarget struct{ cache, topic string }

const (
	// canaryTick is how often the canaries are looked at.
	canaryTick = 250 * time.Millisecond
	// canaryPatience is how long the first message waits for the subscriber.
	canaryPatience = 5 * time.Second
)

// canarySubject is where a bridge takes messages of those who want to know whether they get through. A bridge's own
// come on a subject below it.
func canarySubject(c *config.Config) string { return "mb." + c.Limits.Group + ".canary" }

// newCanaries returns those that a daemon is configured to send; nil: it sends none.
func newCanaries(d *Daemon, seconds prometheus.Histogram, log *slog.Logger) *canaries {
	cfg := &d.plan.file.Canary
	if cfg.Every <= 0 {
		return nil
	}
	replica := canary.NewReplica()
	c := &canaries{
		d: d, every: time.Duration(cfg.Every), to: canaryTarget{cfg.Cache, cfg.Topic}, log: log,
		replica: replica, own: canarySubject(&d.plan.file.Config) + "." + replica,
		watch: canary.NewWatch(replica), seconds: seconds,
	}
	c.guests = &canaryGuests{conn: d.nats, to: c.to, name: d.identity.member, holds: c.holds}
	return c
}

// plan is what the pipeline is told of the way of canaries.
func (c *canaries) plan() pipeline.RouteConfig { return canaryRoute(c.to, c) }

// use takes the route over, once the pipeline has made it.
func (c *canaries) use(r *pipeline.Route) { c.route, c.guests.route = r, r }

// run sends canaries until ctx is done. Then it gives up what is under way and closes its route, so that it holds no
// drain up.
func (c *canaries) run(ctx context.Context) {
	defer c.route.Close()
	defer c.route.Yield()
	var listening sync.WaitGroup
	defer listening.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer c.stop()
	subs := c.subscribe()
	defer func() {
		for _, s := range subs {
			_ = s.Unsubscribe()
		}
	}()
	listening.Go(func() { c.listen(ctx) })
	ticks := time.NewTicker(canaryTick)
	defer ticks.Stop()
	next, reconnects := time.Now().Add(canaryPatience), c.d.nats.Stats().Reconnects
	first := true
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		now := time.Now()
		if n := c.d.nats.Stats().Reconnects; n != reconnects || !c.d.nats.IsConnected() {
			reconnects = n
			c.with(c.watch.NATSAway)
		}
		c.look(now)
		if first && c.listens(now) {
			next, first = now, false
		}
		if !now.Before(next) && c.send(now) {
			next, first = now.Add(c.every), false
		}
	}
}

// with changes the watch.
func (c *canaries) with(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

func (c *canaries) listens(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.watch.Listens(now)
}

func (c *canaries) stop() {
	c.with(func() {
		c.watch.Stop()
		c.watch.Halt("the daemon is stopping")
	})
}

// take hands an own message that NATS has brought to the pipeline.
func (c *canaries) take(m *nats.Msg) {
	p, err := canary.Read(m.Data)
	if err != nil || p.Replica != c.replica { // Whoever may publish there may say anything.
		return
	}
	now := time.Now()
	c.with(func() { c.watch.Taken(now, p.Number) })
	if !c.route.Offer(pipeline.Message{Topic: c.to.topic, Payload: m.Data, Time: now, Handle: p.Number}) {
		c.with(func() { c.watch.Forget(p.Number) })
	}
}

// send sends the next canary if that can be judged, and reports whether it did. One that NATS does not take counts: it
// is known what became of it.
func (c *canaries) send(now time.Time) bool {
	why := c.hindrance()
	var data []byte
	c.with(func() {
		c.watch.Halt(why)
		if why == "" && c.watch.Clear() {
			p := c.watch.Send(now)
			data = p.Bytes()
		}
	})
	if data == nil {
		return false
	}
	if err := c.d.nats.Publish(c.own, data); err != nil {
		c.with(c.watch.NATSAway)
	}
	return true
}

// look looks at what is due.
func (c *canaries) look(now time.Time) {
	c.judgeNATS(now)
	var renew context.CancelFunc
	c.mu.Lock()
	if _, anew := c.watch.Tick(now); anew {
		renew = c.renew
	}
	c.mu.Unlock()
	if renew != nil {
		renew()
	}
	c.guests.tell(now)
	if now.Sub(c.toldAt) >= time.Second {
		c.toldAt = now
		c.tell(now)
	}
}

// listen subscribes to the canary's topic until ctx is done.
func (c *canaries) listen(ctx context.Context) {
	pause := leastRefused
	for ctx.Err() == nil {
		once, cancel := context.WithCancel(ctx)
		c.with(func() { c.renew = cancel; c.watch.Renewed() })
		err := c.d.momento.Subscribe(once, sink.Subscription{
			Cache: c.to.cache, Topic: c.to.topic, Received: c.received,
			Gap:     func(int) { c.with(c.watch.Skipped) },
			Polling: func() { c.with(func() { c.watch.Polling(time.Now()) }) },
			Failed:  c.pollFailed,
		})
		renewed := once.Err() != nil
		cancel()
		if renewed {
			pause = leastRefused
			continue
		}
		c.pollFailed(err)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, mostRefused)
	}
}

// The time to the next attempt to subscribe after a refusal for good, which somebody may undo.
const leastRefused, mostRefused = 2 * time.Second, 16 * time.Second

func (c *canaries) pollFailed(err error) {
	c.with(func() { c.watch.PollFailed(time.Now(), err.Error()) })
}

// received takes what the topic has.
func (c *canaries) received(i sink.Item) {
	c.mu.Lock()
	r := c.watch.Received(i.At, i.Value)
	c.mu.Unlock()
	if r.Kind == canary.Seen {
		c.seconds.Observe(r.Latency.Seconds())
	}
}
