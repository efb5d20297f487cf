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
	told, allowed := false, false
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		if !allowed {
			var refused bool
			if allowed, refused = d.mayOverhear(); refused {
				return
			}
		}
		if allowed {
			allowed = d.hearOthers(ctx)
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

// mayOverhear asks the server whether the NATS user may listen for others, and reports whether it has said so, or the
// contrary.
func (d *Daemon) mayOverhear() (allowed, refused bool) {
	group, quotas := d.plan.file.Limits.Group, d.plan.quotas()
	reports, hello := bus.Subject(group, quotas, bus.Reports), bus.Subject(group, quotas, bus.Hello)
	d.acks.Quietly(reports, hello)
	err := errors.Join(d.acks.MaySubscribe(reports), d.acks.MayPublish(hello, nil))
	_, refused = errors.AsType[*source.RefusedError](err)
	d.unheard(err)
	return err == nil, refused
}

// hearOthers listens for others, and reports whether that has worked.
func (d *Daemon) hearOthers(ctx context.Context) bool {
	h, err := bus.Listen(ctx, d.nats, d.plan.file.Limits.Group, d.plan.quotas(), pipeline.ScopeRegion)
	if err == nil {
		d.others.Store(int64(h.Members))
	} else if ctx.Err() == nil {
		d.unheard(err)
	}
	return err == nil
}

func (d *Daemon) unheard(err error) {
	if err != nil {
		d.log.Debug("it was not heard whether others share a quota", "error", err)
	}
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
