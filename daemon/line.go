package daemon

import (
	"context"
	"fmt"
	"sync"

	"momento-bridge/pipeline"
	"momento-bridge/source"
)

// line is one route as it is carried, from NATS into the pipeline.
type line struct {
	plan     *routePlan
	source   natsSource          // For people.
	letters  *source.DeadLetters // nil: there are none.
	carriers []*carrier          // One, or one for each partition.
	checked  bool                // Its dead letters were looked at before it began.
}

// carrier carries what one source takes from NATS into one route of the pipeline.
type carrier struct {
	config pipeline.RouteConfig
	route  *pipeline.Route
	source interface {
		Run(ctx, hard context.Context, route *pipeline.Route) error
	}
	pulse *pulse

	// Of a reload, once it runs: stop ends the source, kill what it waits for then, and done is closed at its end.
	stop, kill context.CancelFunc
	done       chan struct{}
}

// begins is what the pipeline is told of the line's routes.
func (l *line) begins() []pipeline.RouteConfig {
	var all []pipeline.RouteConfig
	for _, c := range l.carriers {
		all = append(all, c.config)
	}
	return all
}

func (l *line) name() string { return l.plan.route.Name }

// id is what the route is known by after a restart.
func (l *line) id() routeID { return routeID{l.name(), l.plan.from} }

// core is the line's source if that is core NATS.
func (l *line) core() *source.Core {
	c, _ := l.source.(*source.Core)
	return c
}

// connect makes a route's source, or those of its partitions, and what the pipeline is told of them.
func (d *Daemon) connect(r *routePlan) (*line, error) {
	rc, l := r.route, &line{plan: r}
	if r.deadLetter != "" {
		letters, err := source.NewDeadLetters(d.nats, r.deadLetter, d.log)
		if err != nil {
			return nil, err
		}
		letters.Partitions = r.partitions
		rc.DeadLetters = letters
		l.letters = letters
	}
	if r.jetStream == nil {
		cfg := *r.core
		cfg.Rounds, cfg.Tracer = d.rounds, d.tracer()
		src := source.NewCore(d.nats, cfg, d.log)
		rc.Drops = true
		l.source = src
		l.carriers = []*carrier{{config: rc, source: src, pulse: d.vitals.consuming(r.route.Name)}}
		return l, nil
	}
	var parts partitionSources
	for n, cfg := range r.streams() {
		pulse := d.vitals.consuming(r.partName(n))
		cfg.Beat, cfg.Tracer = pulse.beat, d.tracer()
		d.leases.share(&cfg, r.number(n))
		cfg.Replicas = func() int { return d.shared.replicas() } // d.shared is made after the routes.
		src, err := source.NewJetStream(d.nats, d.acks, cfg, d.log)
		if err != nil {
			return nil, err
		}
		one := rc
		one.Settler, one.Returnable, one.Partition = src, true, r.number(n)
		if cfg.Lease != nil {
			one.Held = src.Held
		}
		parts = append(parts, src)
		l.carriers = append(l.carriers, &carrier{config: one, source: src, pulse: pulse})
	}
	l.source = parts
	if r.partitions == nil {
		l.source = parts[0]
	}
	return l, nil
}

// carrying is what lines run in.
type carrying struct {
	ctx, hard context.Context
	consuming *sync.WaitGroup
	fail      func(error)
}

// start runs a line's sources until the daemon stops, or they are stopped.
func (d *Daemon) start(in *carrying, l *line) {
	for _, c := range l.carriers {
		var ctx, hard context.Context
		ctx, c.stop = context.WithCancel(in.ctx)
		hard, c.kill = context.WithCancel(in.hard)
		c.done = make(chan struct{})
		in.consuming.Go(func() {
			defer close(c.done)
			if err := d.consume(ctx, hard, l, c); err != nil {
				in.fail(err)
			}
		})
	}
}

// consume runs a source. A route whose dead letters nobody would keep does not start.
func (d *Daemon) consume(ctx, hard context.Context, l *line, c *carrier) error {
	defer c.route.Close()
	if l.letters != nil && !l.checked {
		if err := l.letters.Check(ctx, l.plan.wholeStream()); err != nil {
			return fmt.Errorf("route %s: %w", l.name(), err)
		}
		if err := d.circles(ctx); err != nil {
			return err
		}
	}
	defer c.pulse.rest()
	return c.source.Run(ctx, hard, c.route)
}
