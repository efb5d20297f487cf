package daemon

import (
	"context"
	"fmt"
	"time"

	"momento-bridge/pipeline"
	"momento-bridge/source"
)

// retirePoll is how often it is looked at whether a route that ends holds anything still.
const retirePoll = 2 * time.Millisecond

// withBudget returns what a reload may take until routes have ended: so long, and not longer than a stop.
func withBudget(in *carrying, budget time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(in.hard, budget)
}

// emptyCore holds back what comes from core NATS for routes that end, and waits until what has come is published. If
// it cannot be in time, all go on as before, and the error says which one it was.
func (d *Daemon) emptyCore(budget context.Context, in *carrying, leaving []*line) error {
	var held []*line
	var failure error
	for _, l := range leaving {
		if core := l.core(); core != nil && failure == nil {
			if core.Hold(budget) {
				held = append(held, l)
			}
			failure = d.standsStill(l)
		}
	}
	for _, l := range held {
		if failure == nil {
			failure = d.awaitEmpty(budget, in, l)
		}
	}
	if failure != nil {
		for _, l := range held {
			l.core().Flow(l.carriers[0].route)
		}
	}
	return failure
}

// awaitEmpty waits until a route of core NATS, for which nothing comes meanwhile, holds nothing.
func (d *Daemon) awaitEmpty(budget context.Context, in *carrying, l *line) error {
	ticks := time.NewTicker(retirePoll)
	defer ticks.Stop()
	looked := time.Now()
	for l.carriers[0].route.Unsettled() > 0 {
		select {
		case <-in.ctx.Done():
			return errStopping
		case <-budget.Done():
			return heldError(l, "that took longer than shutdown_timeout")
		case <-ticks.C:
		}
		if l.core().Crowded() {
			return heldError(l, "they come faster than they can wait for that")
		}
		if time.Since(looked) > time.Second/10 {
			looked = time.Now()
			if err := d.standsStill(l); err != nil {
				return err
			}
		}
	}
	return nil
}

// standsStill returns an error if a route of core NATS holds messages that cannot be published now.
func (d *Daemon) standsStill(l *line) error {
	stats := d.pipe.Stats()
	for i := range stats.Routes {
		r := &stats.Routes[i]
		if r.Name != l.name() || r.Queued+r.InFlight == 0 {
			continue
		}
		switch {
		case r.State == pipeline.Paused:
			return heldError(l, "the route is paused: resume it first")
		case stats.KeyRefused:
			return heldError(l, "the API key is refused")
		case stats.Down:
			return heldError(l, "the endpoint is down")
		case r.State == pipeline.Parked:
			return heldError(l, "the route is parked")
		case r.Unkept > 0:
			return heldError(l, "its dead letters cannot be kept: "+r.UnkeptWhy)
		case r.ForbiddenHeld > 0:
			return heldError(l, "the key may not publish to some of its topics")
		case r.Aside > 0:
			return heldError(l, "the endpoint refuses some of them, and they are put aside")
		}
	}
	return nil
}

func heldError(l *line, why string) error {
	return fmt.Errorf(
		"route %s holds messages of core NATS that nobody else has, and that must be published before it "+
			"can end or change: %s; reload again later, or restart", l.name(), why)
}

// retire ends a carrier: its source, and all that its route holds. What a route of core NATS has not published when
// budget is done is lost, and counted as dropped.
func (d *Daemon) retire(budget context.Context, c *carrier) {
	c.route.Retire()
	over := context.AfterFunc(budget, c.kill)
	defer over()
	c.stop()
	<-c.done
	if js, ok := c.source.(*source.JetStream); ok {
		js.Rest(budget, c.route)
	}
	ticks := time.NewTicker(retirePoll)
	defer ticks.Stop()
	for c.route.Unsettled() > 0 {
		<-ticks.C
		if budget.Err() != nil {
			c.route.Abandon()
		}
	}
	d.vitals.progress.forget(c.pulse)
}
