package daemon

import (
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/pipeline"
)

// natsAnswers is how long NATS may take to answer before what it has not brought is nobody's loss.
const natsAnswers = 2 * time.Second

// subscribe takes what NATS brings: the daemon's own messages, and those of guests.
func (c *canaries) subscribe() []*nats.Subscription {
	var subs []*nats.Subscription
	add := func(s *nats.Subscription, err error) {
		if err != nil { // The connection is closed, or the subject is none.
			c.log.Warn("the canary cannot subscribe to NATS", "error", err)
			return
		}
		subs = append(subs, s)
	}
	add(c.d.nats.Subscribe(c.own, c.take))
	add(c.d.nats.QueueSubscribe(canarySubject(&c.d.plan.file.Config), "canary", c.guests.take))
	return subs
}

// judgeNATS decides on messages that NATS should have brought. What NATS answers comes after what it had before.
func (c *canaries) judgeNATS(now time.Time) {
	c.mu.Lock()
	ask := len(c.watch.Overdue(now)) > 0 || c.watch.Silent() && c.d.nats.IsConnected()
	c.mu.Unlock()
	if !ask {
		return
	}
	answers := c.d.nats.FlushTimeout(natsAnswers) == nil
	c.with(func() { c.watch.NATSAnswers(answers) })
	if !answers {
		return
	}
	time.Sleep(canaryTick) // What has come before the answer is being handed over.
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.watch.Overdue(now) {
		c.watch.Lose(n, "NATS did not bring it to the bridge: the NATS user needs to publish and to subscribe to mb."+
			c.d.plan.file.Limits.Group+".> (docs/permissions.md)")
	}
}

// hindrance says why nothing is sent; empty: nothing is in the way.
func (c *canaries) hindrance() string {
	if !c.d.nats.IsConnected() {
		return "there is no connection to NATS"
	}
	for _, r := range c.d.pipe.Stats().Routes {
		if r.State != pipeline.Paused {
			return ""
		}
	}
	return "every route is paused"
}
