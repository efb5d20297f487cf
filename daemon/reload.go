package daemon

import (
	"context"
	"reflect"

	"momento-bridge/config"
)

// reloads reads the configuration again when it is asked to, until ctx is done. Limits, weights and ceilings of routes
// take effect at once; a configuration with problems changes nothing.
func (d *Daemon) reloads(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.cfg.Hangups:
		}
		results := make(chan reloaded, 1)
		go func() { // Files with secrets may take some seconds to be given up; a stop does not wait for that.
			next, err := d.cfg.Reload()
			results <- reloaded{next, err}
		}()
		select {
		case <-ctx.Done():
			return
		case got := <-results:
			d.take(got)
		}
	}
}

// reloaded is what was read again.
type reloaded struct {
	next *config.File
	err  error
}

// take puts in force what was read again, as far as it can change while the daemon runs.
func (d *Daemon) take(got reloaded) {
	if got.err != nil {
		d.log.Error("the configuration was not reloaded: it has problems", "error", got.err)
		return
	}
	d.pipe.SetLimits(limitsOf(&got.next.Config))
	d.pipe.ProbeNow()
	d.log.Info("the limits were reloaded", "rate", got.next.Limits.Rate.String())
	if !reflect.DeepEqual(fixed(d.plan.file.Config), fixed(got.next.Config)) {
		d.log.Warn("the configuration has other changes, too: they take effect when the daemon is restarted")
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
