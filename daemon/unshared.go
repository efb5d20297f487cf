package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"momento-bridge/condition"
	"momento-bridge/pipeline"
	"momento-bridge/source"
	"momento-bridge/source/bus"
)

// overhearEvery is the time between two looks of a daemon that shares no quota for others that do.
const overhearEvery = 20 * time.Second

// overhear looks now and then, until ctx is done, whether others of the group share a quota that this daemon is told
// not to share: together they exceed it.
func (d *Daemon) overhear(ctx context.Context) {
	wait := time.NewTimer(0)
	defer wait.Stop()
	told := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		if !d.hearOthers(ctx) {
			return
		}
		if others := d.others.Load() > 0; others != told {
			if told = others; told {
				d.log.Warn("others share the quota of this endpoint, and this daemon does not", "reason", d.unshared(),
					condition.Attribute, condition.OtherRoutes)
			}
		}
		wait.Reset(overhearEvery)
	}
}

// hearOthers listens for others. It reports whether the NATS user may do so, as far as that is known.
func (d *Daemon) hearOthers(ctx context.Context) bool {
	group, quotas := d.plan.file.Limits.Group, d.plan.quotas()
	reports, hello := bus.Subject(group, quotas, bus.Reports), bus.Subject(group, quotas, bus.Hello)
	d.acks.Quietly(reports, hello)
	err := errors.Join(d.acks.MaySubscribe(reports), d.acks.MayPublish(hello, nil))
	if _, refused := errors.AsType[*source.RefusedError](err); refused {
		return false
	}
	if err == nil {
		var h bus.Heard
		if h, err = bus.Listen(ctx, d.nats, group, quotas, pipeline.ScopeRegion); err == nil {
			d.others.Store(int64(h.Members))
		}
	}
	if err != nil && ctx.Err() == nil {
		d.log.Debug("it was not heard whether others share a quota", "error", err)
	}
	return true
}

// unshared says that others share a quota that this daemon does not, and what to do; empty: it is not so.
func (d *Daemon) unshared() string {
	n := d.others.Load()
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("this daemon shares no quota (limits.shared: false), and %d of group %s share that of the same "+
		"endpoint: together they go beyond it; set limits.shared: true, or give this one a limits.group and a rate of "+
		"its own", n, d.plan.file.Limits.Group)
}
