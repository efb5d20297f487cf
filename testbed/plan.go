package testbed

import (
	"context"

	"momento-bridge/config"
	"momento-bridge/daemon"
)

const routeName = "soak"

// makePlan turns the configuration into that of a bridge with one route, which shares nothing with another one on this
// machine.
func (b *Bed) makePlan(ctx context.Context) error {
	b.stream = streamName()
	f := b.cfg.File
	if b.server != nil {
		f.NATS = config.Read("", nil).NATS
		f.NATS.URL = b.server.url()
	}
	f.Routes = nil
	f.AddRoute(routeName)
	r := &f.Routes[0]
	r.Stream, r.Subject, r.Cache, r.Topic = b.stream, b.stream+".*", b.cfg.Cache, b.cfg.Topic
	if b.cfg.Topics > 1 {
		r.Topic += "-{{wildcard(1)}}"
	}
	for cache := range f.Limits.Caches {
		if cache != b.cfg.Cache {
			delete(f.Limits.Caches, cache)
		}
	}
	// Of its own group there is nobody else: it waits for no one, and tells nobody.
	f.Limits.Group, f.Limits.Shared = b.stream, false
	f.StateDir, f.Canary.Every = "", 0
	f.Admin.Listen, f.Admin.WebConfigFile = "127.0.0.1:0", ""
	f.Validate()
	b.plan = daemon.NewPlan(f)
	b.plan.SetVersion(b.cfg.Version)
	if err := f.Err(); err != nil {
		return &OptionError{err}
	}
	return b.plan.FirstKey(ctx)
}
