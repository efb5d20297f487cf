package daemon

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/chance"
	"momento-bridge/config"
	"momento-bridge/daemon/status"
	"momento-bridge/group"
	"momento-bridge/pipeline"
	"momento-bridge/source/bus"
)

// identity is who this process is among its replicas.
type identity struct {
	member string // Its name, for people: the host's, and something random.
	life   string // Random: no other process has the same.
	host   string
	routes atomic.Pointer[string] // A hash of its routes, which a reload may change.
}

func newIdentity(c *config.Config) *identity {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "unknown"
	}
	random := make([]byte, 8)
	_, _ = rand.Read(random) // It never fails.
	life := hex.EncodeToString(random)
	i := &identity{member: host[:min(len(host), 48)] + "-" + life[:6], life: life, host: host}
	i.carries(c)
	return i
}

// carries notes the routes of a configuration, and returns their hash.
func (i *identity) carries(c *config.Config) string {
	hash := routesHash(c)
	i.routes.Store(&hash)
	return hash
}

// quotas is the same for two processes whose publishes count towards the same quotas: those of one endpoint, counted in
// the same unit. Two accounts of one region are not told apart, as keys are replaced: they need groups of their own.
func (p *Plan) quotas() string { return p.quotasIn(p.file.Limits.Unit) }

func (p *Plan) quotasIn(unit string) string {
	h := fnv.New64a()
	_, _ = io.WriteString(h, p.sink.Endpoint.String()+" "+unit) // It never fails.
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// routesHash is the same for two processes with the same routes.
func routesHash(c *config.Config) string {
	h := fnv.New64a()
	routes := make([]config.Route, len(c.Routes))
	for i, r := range c.Routes {
		r.Rate, r.Weight = config.Rate{}, 0 // A reload may change them.
		routes[i] = r
	}
	fmt.Fprintf(h, "%#v", routes)
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// memberOf is this process as a member of its group.
func (i *identity) memberOf(version string, started time.Time, guest bool) group.Config {
	return group.Config{
		ID: i.member, Started: started, Host: i.host, Version: version, Routes: *i.routes.Load(), Guest: guest,
		Random: chance.Float64,
	}
}

// shared is the group of replicas as the rest of the daemon asks for it. The nil shared is a daemon that shares
// nothing.
type shared struct{ bus *bus.Bus }

// join makes this process a member of its group; nil: it is told to be alone.
func (d *Daemon) join(pipe *pipeline.Pipeline) *shared {
	l := &d.plan.file.Limits
	if !l.Shared {
		return nil
	}
	b := bus.New(d.nats, bus.Config{
		Group: l.Group, Quotas: d.plan.quotas(), Member: d.identity.memberOf(d.cfg.Version, d.started, false),
	}, pipe, d.log)
	pipe.OnAnswers(b.Notice)
	return &shared{b}
}

// visit makes a replay a guest of the group, until ctx is done: what it publishes is part of the quota that its members
// share. leave tells them that it is gone.
func visit(ctx context.Context, running *sync.WaitGroup, p *Plan, conn *nats.Conn, pipe *pipeline.Pipeline,
	log *slog.Logger,
) (leave func()) {
	l := &p.file.Limits
	if !l.Shared {
		return func() {}
	}
	i := newIdentity(&p.file.Config)
	b := bus.New(conn, bus.Config{
		Group: l.Group, Quotas: p.quotas(), Member: i.memberOf("replay", time.Now(), true),
	}, pipe, log)
	pipe.OnAnswers(b.Notice)
	running.Go(func() { b.Run(ctx) })
	return b.Leave
}

// Members returns those who share the quotas, this replica among them.
func (s *shared) Members() []status.Member {
	if s == nil {
		return nil
	}
	var all []status.Member
	for _, m := range s.bus.Seen().Members {
		if m.Guest {
			continue
		}
		all = append(all, status.Member{
			ID: m.ID, Host: m.Host, Version: m.Version, Started: m.Started, Heard: m.Heard,
			Self: m.Self, Keeper: m.Keeper, Routes: m.Routes,
		})
	}
	return all
}

// Rates returns the quotas that are shared.
func (s *shared) Rates() []status.GroupRate {
	if s == nil {
		return nil
	}
	var all []status.GroupRate
	for _, r := range s.bus.Seen().Rates {
		all = append(all, status.GroupRate{Scope: r.Scope, Rate: r.Rate, Share: r.Share, Learned: r.Learned})
	}
	return all
}

// replicas is how many replicas are there, this one included.
func (s *shared) replicas() int {
	if s == nil {
		return 1
	}
	return s.bus.Count()
}

// carries tells the others that this replica has other routes.
func (s *shared) carries(hash string) {
	if s != nil {
		s.bus.Carries(hash)
	}
}

// missing is what the NATS user may not do, so that other replicas are not seen; empty: nothing is known.
func (s *shared) missing() string {
	if s == nil {
		return ""
	}
	return s.bus.Seen().Missing
}
