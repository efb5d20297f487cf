package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// progress knows whether the daemon goes on by itself, whatever NATS and the endpoint do. Each loop that must not stop
// beats a pulse; who asks only compares numbers and never waits, so that what is stuck cannot keep it from saying so.
//
// The age of a beat is counted in ticks of progress's own loop rather than in time: while the machine sleeps, or the
// process is stopped, neither goes on, and nobody is to blame.
type progress struct {
	tick  time.Duration // How often ticks counts up.
	ticks atomic.Int64

	mu     sync.Mutex // Guards the following. It is held for a moment only.
	pulses []*pulse
}

// pulse is one loop's. Its methods may be called concurrently.
type pulse struct {
	progress *progress
	name     string
	limit    int64 // In ticks.
	at       atomic.Int64
	why      atomic.Pointer[string]
}

const (
	progressTick = time.Second
	// pulseLimit is in ticks. Nothing within the daemon takes as long, on a busy machine either.
	pulseLimit = 30
	// natsLimit is for loops that use the connection to NATS. nats.go keeps it locked while it tries one server after
	// the other.
	natsLimit = 55
	// resting is where a pulse is that nobody has to beat.
	resting = -1
)

// pulse adds a pulse that has to be beaten once in limit ticks, from its first beat on.
func (p *progress) pulse(name string, limit int64) *pulse {
	one := &pulse{progress: p, name: name, limit: limit}
	one.rest()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pulses = append(p.pulses, one)
	return one
}

// forget takes a pulse out whose loop has ended for good.
func (p *progress) forget(one *pulse) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pulses = slices.DeleteFunc(p.pulses, func(other *pulse) bool { return other == one })
}

func (p *pulse) beat() { p.at.Store(p.progress.ticks.Load()) }

// rest is called when the loop ends as it should.
func (p *pulse) rest() { p.at.Store(resting) }

// suspect is called again and again by a loop that looks whether something is stuck: with why, or with nothing if it
// goes on. It counts how long it has been so.
func (p *pulse) suspect(why string) {
	if why == "" {
		p.rest()
		return
	}
	p.why.Store(&why)
	p.at.CompareAndSwap(resting, p.progress.ticks.Load())
}

// run ticks until ctx is done, and logs when the daemon gets stuck and when it goes on.
func (p *progress) run(ctx context.Context, log *slog.Logger) {
	ticks := time.NewTicker(p.tick)
	defer ticks.Stop()
	was := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		p.ticks.Add(1)
		why := p.stuck()
		switch {
		case why != "" && was == "":
			log.Error("the daemon is stuck and must be restarted; this is a bug: please report it with the stacks "+
				"that SIGABRT prints", "reason", why)
		case why == "" && was != "":
			log.Warn("the daemon was stuck and works again")
		}
		was = why
	}
}

// stuck returns why the daemon does not go on through its own fault; empty if it does. It never waits.
func (p *progress) stuck() string {
	now := p.ticks.Load()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.pulses {
		at := one.at.Load()
		if at == resting || now-at <= one.limit {
			continue
		}
		why := fmt.Sprintf("%s has not moved for %v", one.name, time.Duration(now-at)*p.tick)
		if more := one.why.Load(); more != nil {
			why += ": " + *more
		}
		return why
	}
	return ""
}
