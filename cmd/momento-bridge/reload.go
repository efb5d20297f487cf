package main

import (
	"context"
	"os"
	"os/signal"
	"reflect"
	"syscall"

	"momento-bridge/config"
)

// reloads reads the configuration again at each SIGHUP.
type reloads struct {
	hangups chan os.Signal
	started *config.File // What the daemon was started with: only limits have changed since.
	load    func() (*config.File, error)
}

// newReloads begins to listen, so that no SIGHUP ends the program from now on.
func newReloads(started *config.File, load func() (*config.File, error)) *reloads {
	r := &reloads{hangups: make(chan os.Signal, 1), started: started, load: load}
	signal.Notify(r.hangups, syscall.SIGHUP)
	return r
}

// run reloads until ctx is done. Limits, weights and ceilings of routes take effect at once; a configuration with
// problems changes nothing.
func (r *reloads) run(ctx context.Context, b *bridge) {
	defer signal.Stop(r.hangups)
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.hangups:
		}
		results := make(chan reloaded, 1)
		go func() { // Files with secrets may take some seconds to be given up; a stop does not wait for that.
			next, err := r.load()
			results <- reloaded{next, err}
		}()
		select {
		case <-ctx.Done():
			return
		case got := <-results:
			b.take(r.started, got)
		}
	}
}

// reloaded is what was read again.
type reloaded struct {
	next *config.File
	err  error
}

// take puts in force what was read again.
func (b *bridge) take(started *config.File, got reloaded) {
	if got.err != nil {
		b.log.Error("the configuration was not reloaded: it has problems", "error", got.err)
		return
	}
	b.reload(started, got.next)
}

// reload puts in force what can change while the daemon runs.
func (b *bridge) reload(started, after *config.File) {
	b.pipe.SetLimits(limitsOf(&after.Config))
	b.pipe.ProbeNow()
	b.log.Info("the limits were reloaded", "rate", after.Limits.Rate.String())
	if !reflect.DeepEqual(fixed(started.Config), fixed(after.Config)) {
		b.log.Warn("the configuration has other changes, too: they take effect when the daemon is restarted")
	}
}

// fixed returns the configuration without what a reload puts in force.
func fixed(c config.Config) config.Config {
	c.Limits.Rate, c.Limits.Burst, c.Limits.Caches = config.Rate{}, 0, nil
	routes := make([]config.Route, len(c.Routes))
	for i, r := range c.Routes {
		r.Rate, r.Weight = config.Rate{}, 0
		routes[i] = r
	}
	c.Routes = routes
	return c
}
