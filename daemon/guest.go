package daemon

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/nats-io/nats.go"

	"momento-bridge/config"
	"momento-bridge/pipeline"
	"momento-bridge/pipeline/quota"
	"momento-bridge/source/bus"
)

// GuestConfig is what a load test publishes.
type GuestConfig struct {
	Rate  float64 // Publishes per second, at the most.
	Burst int     // That are planned for one moment.
	Bytes int     // Of each.
	Unit  string  // What the group's quota counts.
}

// Guest is a load test that shares the quota of a group of daemons: what it publishes, they leave. Its methods may be
// called concurrently.
type Guest struct {
	bus  *bus.Bus
	cost float64

	mu    sync.Mutex
	pacer *quota.Pacer
	wants float64 // The cost of what it has to publish in a second.
	held  int
	each  bool // The group is told of each answer.
}

// besides is how much faster than on average a load test may be for a while.
const besides = 1.05

const (
	// guestTick is how often it is asked whether a guest has joined, and guestWaits how long it may take.
	guestTick  = 20 * time.Millisecond
	guestWaits = 3 * time.Second
)

// guestPause is how long a guest pauses after many refusals in a row.
const guestPause = time.Second

// Visit makes a load test a guest of the plan's group until ctx is done.
func (p *Plan) Visit(ctx context.Context, running *sync.WaitGroup, conn *nats.Conn, c GuestConfig) *Guest {
	g := &Guest{cost: 1}
	if c.Unit == config.UnitOperations {
		g.cost = quota.Cost(c.Bytes, 0)
	}
	g.wants = c.Rate * g.cost
	g.pacer = quota.NewPacer(quota.Rate{
		Ceiling: besides * g.wants, Burst: g.cost * (float64(c.Burst) + c.Rate/10),
	}, backoff.NewConstantBackOff(guestPause), time.Now())
	i := newIdentity(&p.file.Config)
	g.bus = bus.New(conn, bus.Config{
		Group: p.file.Limits.Group, Quotas: p.quotasIn(c.Unit), Member: i.memberOf("loadtest", time.Now(), true),
	}, g, slog.New(slog.DiscardHandler))
	running.Go(func() { g.bus.Run(ctx) })
	return g
}

// Leave tells the group that the load test is over.
func (g *Guest) Leave() { g.bus.Leave() }

// Quotas implements bus.Quotas.
func (g *Guest) Quotas(_ bool, f func(now time.Time, all []quota.Shared) (each bool)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.each = f(time.Now(), []quota.Shared{{Scope: pipeline.ScopeRegion, Pacer: g.pacer, Queued: g.wants}})
}

// Share returns how many publishes per second the group leaves: an equal part, or what nobody uses where that is more.
func (g *Guest) Share() float64 {
	members := max(1, len(g.bus.Seen().Members))
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(g.pacer.Rate(), g.pacer.Standing().Rate/float64(members)) / g.cost
}

// Await waits until it is known who else is there, and what the group leaves.
func (g *Guest) Await(ctx context.Context) {
	ticks := time.NewTicker(guestTick)
	defer ticks.Stop()
	end := time.Now().Add(guestWaits)
	for !g.joined() && time.Now().Before(end) {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// joined reports whether it is known what the group leaves, or that nobody is there.
func (g *Guest) joined() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pacer.Follows() || len(g.bus.Seen().Members) == 1 && g.pacer.Due(time.Now(), 0).IsZero()
}

// Allow reports whether a publish may start now, and pays for it.
func (g *Guest) Allow() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if !g.pacer.Due(now, g.cost).IsZero() {
		g.held++
		return false
	}
	g.pacer.Pay(now, g.cost)
	return true
}

// Held returns how many publishes were not allowed.
func (g *Guest) Held() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held
}

// Answered takes note of what the endpoint says to a publish that was allowed.
func (g *Guest) Answered(sent time.Time, a *pipeline.Answer) {
	if g.note(sent, a) {
		g.bus.Notice()
	}
}

// note reports whether the group is to be told.
func (g *Guest) note(sent time.Time, a *pipeline.Answer) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	switch a.Verdict {
	case pipeline.Accept:
		g.pacer.Accepted(now, g.cost)
		return g.each
	case pipeline.SlowDown:
		g.pacer.Refused(now, quota.Refusal{Sent: sent, Cost: g.cost, RetryAfter: a.RetryAfter, Detail: a.Detail})
		return true
	case pipeline.Retry:
		if a.Foreign { // Something on the way asks to be left alone, which says nothing of the quota.
			g.pacer.Asked(now, a.RetryAfter, a.Detail)
		}
	case pipeline.HaltAll, pipeline.HaltCache, pipeline.HaltTopic, pipeline.HaltRoute, pipeline.Reject,
		pipeline.Ambiguous, pipeline.Unsent: // It says nothing of the quota.
	}
	return false
}
