package daemon

import (
	"context"
	"time"

	"momento-bridge/config"
	"momento-bridge/daemon/status"
	"momento-bridge/source"
	"momento-bridge/source/lease"
)

// coordination is the leases of ordered routes on streams, as the rest of the daemon sees them.
type coordination struct{ leases *lease.Manager }

// newCoordination returns the leases of a daemon that has an identity.
func (d *Daemon) newCoordination() *coordination {
	c := &d.plan.file.Config
	cfg := lease.Config{
		Bucket: c.Coordination.Bucket, Create: c.Coordination.Create, Lease: time.Duration(c.Coordination.Lease),
		Group: c.Limits.Group, Member: d.identity.member, Life: d.identity.life,
	}
	if c.Limits.Shared { // Else nobody is listened to.
		cfg.Heard = func() (others, older bool) { return sameRoutes(d.shared.Members(), *d.identity.routes.Load()) }
		cfg.Left = func() int { return d.shared.bus.Seen().Left }
	}
	return &coordination{leases: lease.New(d.nats, d.acks, cfg, d.log)}
}

// sameRoutes reports whether others among the members, which stand in the order of their start, have the same routes as
// this replica, and whether one of them is older. Others may share a quota, but never a route.
func sameRoutes(members []status.Member, routes string) (others, older bool) {
	before := true
	for i := range members {
		switch m := &members[i]; {
		case m.Self:
			before = false
		case m.Routes == routes:
			others, older = true, older || before
		}
	}
	return others, older
}

// run keeps the leases until the stop that it returns is called. That waits until the bucket knows that nothing is held
// any more, but not for long.
func (c *coordination) run(ctx context.Context, fail func(error)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := c.leases.Run(ctx); err != nil {
			fail(err)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// share makes a consumer one of those that a single replica at a time takes messages from, if their order matters.
// Partitions count from 1; 0: the route has none.
func (c *coordination) share(cfg *source.JetStreamConfig, partition int) {
	if cfg.Ordered {
		cfg.Lease = c.leases.For(cfg.Route, partition)
	}
}

// unshare forgets the lease of a route, or of one of its partitions, that is carried no more.
func (c *coordination) unshare(route string, partition int) { c.leases.Drop(route, partition) }

// Status returns all leases as this replica sees them.
func (c *coordination) Status() []status.Lease {
	var all []status.Lease
	for _, l := range c.leases.Status() {
		all = append(all, status.Lease(l))
	}
	return all
}

// Missing says what leases lack and what to do about it; both are empty while they lack nothing.
func (c *coordination) Missing() (what, advice string) { return c.leases.Missing() }

// checkLease refuses a lease with which messages that a replica has left behind are delivered again by the server
// before another one takes over.
func checkLease(f *config.File, js *source.JetStreamConfig) {
	if !js.Ordered || f.Broken("coordination.lease") {
		return
	}
	desired, _, err := js.Desired()
	if err != nil || time.Duration(f.Coordination.Lease) <= desired.AckWait/2 {
		return // An error is told of elsewhere.
	}
	f.Problemf("coordination.lease", "coordination.lease is %v, more than half of the ack_wait %v of route %s's "+
		"consumer: what a replica leaves behind would come again before another one takes over; write at most %v",
		f.Coordination.Lease, desired.AckWait, js.Route, desired.AckWait/2)
}
