package daemon

import (
	"slices"
	"sync"
	"time"

	"momento-bridge/config"
	"momento-bridge/pipeline"
	"momento-bridge/source"
)

// exchange ends the lines that are not among the next ones, and begins those that are new. What came from core NATS is
// published first, and if it cannot be nothing changes. From then on it succeeds, whatever NATS and the endpoint do.
func (d *Daemon) exchange(in *carrying, next []*line, f *config.File, learned knowledge) error {
	leaving, begun := without(d.lines, next), without(next, d.lines)
	budget, cancel := withBudget(in, d.plan.shutdown)
	defer cancel()
	if err := d.emptyCore(budget, in, leaving); err != nil {
		d.forget(begun)
		return err
	}
	passOn(leaving, begun)
	for _, l := range begun {
		if core := l.core(); core != nil { // Before others end: what both take must not be missed between them.
			if err := core.Subscribe(); err != nil {
				d.log.Error("cannot subscribe yet", "route", l.name(), "error", err)
			}
		}
	}
	var retiring sync.WaitGroup
	for _, l := range leaving {
		for _, c := range l.carriers {
			retiring.Go(func() { d.retire(budget, c) })
		}
	}
	retiring.Wait()
	before := idsOf(d.lines)
	d.enter(next, f, learned)
	if after := idsOf(next); d.pauses.succeed(before, after) {
		d.pauses.keep(append(before, after...), time.Now())
	}
	for _, l := range begun {
		d.start(in, l)
	}
	d.unshare(leaving)
	return nil
}

// without returns the lines that are not among others.
func without(lines, others []*line) []*line {
	var rest []*line
	for _, l := range lines {
		if !slices.Contains(others, l) {
			rest = append(rest, l)
		}
	}
	return rest
}

// passOn gives the subscriptions of core NATS to the lines that go on with them.
func passOn(leaving, begun []*line) {
	for _, l := range begun {
		i := slices.IndexFunc(leaving, func(other *line) bool { return other.name() == l.name() })
		if i < 0 {
			continue
		}
		before := leaving[i]
		switch core, old := l.core(), before.core(); {
		case core == nil || old == nil:
			continueStreams(before, l)
		case sameFeed(before.plan.core, l.plan.core):
			before.carriers[0].route.Retire()
			old.PassOn(core)
		}
	}
}

// sameFeed reports whether two routes of core NATS have the same subscriptions.
func sameFeed(a, b *source.CoreConfig) bool {
	return a.Queue == b.Queue && slices.Equal(a.Filters(), b.Filters())
}

// continueStreams lets the sources of a stream go on counting.
func continueStreams(before, next *line) {
	for n, c := range before.carriers {
		old, _ := c.source.(*source.JetStream)
		js, _ := next.carriers[min(n, len(next.carriers)-1)].source.(*source.JetStream)
		if old != nil && js != nil {
			js.Continue(old)
		}
	}
}

// knowledge is what is believed of quotas, by scope.
type knowledge = map[string]pipeline.Learned

// enter makes lines the lineup, in one moment for all who look. Quotas that are learned from then on go on from what is
// believed of them.
func (d *Daemon) enter(next []*line, f *config.File, learned knowledge) {
	d.lineup.Lock()
	defer d.lineup.Unlock()
	var places []pipeline.Place
	var from []int
	for _, l := range next {
		stays := slices.Contains(d.lines, l)
		from = append(from, slices.IndexFunc(d.lines, func(other *line) bool {
			return other.name() == l.name()
		}))
		for _, c := range l.carriers {
			if stays {
				places = append(places, pipeline.Place{Stays: c.route})
			} else {
				places = append(places, pipeline.Place{Begin: c.config})
			}
		}
	}
	if d.canaries != nil {
		places = append(places, pipeline.Place{Stays: d.canaries.route})
	}
	limits := limitsOf(&f.Config)
	var routes []*pipeline.Route
	d.keeper.follow(limits, func() {
		routes = d.pipe.Exchange(places, limits)
		d.pipe.Believe(learned)
	})
	d.sampler.lineUp(from)
	d.lineUpProblems(next)
	d.lines, d.sources, d.plan.routes = next, nil, nil
	for _, l := range next {
		d.sources, d.plan.routes = append(d.sources, l.source), append(d.plan.routes, *l.plan)
		for _, c := range l.carriers {
			if c.route == nil { // It begins.
				c.route = routes[0]
			}
			routes = routes[1:]
		}
	}
}

// forget forgets lines that have not begun.
func (d *Daemon) forget(lines []*line) {
	for _, l := range lines {
		for _, c := range l.carriers {
			d.vitals.progress.forget(c.pulse)
		}
	}
	d.unshare(lines)
}

// unshare forgets the leases of lines that are gone, unless one with the same name has them now.
func (d *Daemon) unshare(gone []*line) {
	for _, l := range gone {
		now := d.lineNamed(l.name())
		for _, c := range l.carriers {
			kept := now != nil && slices.ContainsFunc(now.carriers, func(other *carrier) bool {
				return other.config.Partition == c.config.Partition && other.config.Held != nil
			})
			if c.config.Held != nil && !kept {
				d.leases.unshare(l.name(), c.config.Partition)
			}
		}
	}
}
