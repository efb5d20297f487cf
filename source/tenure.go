package source

import (
	"context"
	"errors"
	"time"

	"momento-bridge/pipeline"
)

// A tenure is the time in which this replica consumes a route that replicas share: from when it takes the lease until
// the lease is lost, or everything has been handed back and it is released.
//
//	stand by ──▶ Take ──▶ bind, settle, publish ──▶ recalled, stopped ──▶ hand back, flush, Release ──▶ stand by
//	                                  └──▶ lost ──▶ forget, let land, acknowledge ──▶ stand by

// How a tenure ends while the consumer is well.
var (
	errLeaseLost = errors.New("the lease is lost")
	errRecalled  = errors.New("the lease is to be given back")
)

// standbyTick is how often a route that stands by shows that it goes on.
const standbyTick = time.Second

// Held reports whether the route may publish at this moment. It is for pipeline.RouteConfig.
func (j *JetStream) Held(now time.Time) bool {
	if j.cfg.Lease == nil {
		return true
	}
	hold := j.hold.Load()
	return hold != nil && (*hold).Held(now)
}

// fenced reports whether a lease keeps other replicas from the consumer. One who carries alone for want of a bucket
// must look for them.
func (j *JetStream) fenced() bool {
	hold := j.hold.Load()
	return hold != nil && (*hold).Expires() > 0
}

// Standby says who consumes the route instead of this replica; empty: this one does, or nobody.
func (j *JetStream) Standby() string {
	if j.cfg.Lease == nil || j.hold.Load() != nil {
		return ""
	}
	return j.cfg.Lease.Standby()
}

// Settling reports whether nothing new is started until what is unacknowledged is in hand.
func (j *JetStream) Settling() bool { return j.cfg.Ordered && j.running.Load() && j.barrier.up.Load() }

// lost is closed when the lease is lost; nil without one.
func (j *JetStream) lost() <-chan struct{} {
	if hold := j.hold.Load(); hold != nil {
		return (*hold).Lost()
	}
	return nil
}

// recalled is closed when the lease is to be given back; nil without one.
func (j *JetStream) recalled() <-chan struct{} {
	if hold := j.hold.Load(); hold != nil {
		return (*hold).Recalled()
	}
	return nil
}

// over returns how the tenure has ended; nil: it has not, or there is none.
func (j *JetStream) over() error {
	select {
	case <-j.lost():
		return errLeaseLost
	default:
	}
	select {
	case <-j.recalled():
		return errRecalled
	default:
	}
	return nil
}

// take returns once this replica may consume the route, and false when ctx is done. It stands by until then.
func (j *JetStream) take(ctx, hard context.Context, route *pipeline.Route) bool {
	if j.cfg.Lease == nil {
		return true
	}
	if over := j.over(); j.hold.Load() != nil && over == nil {
		return true // The consumer could not be bound so far.
	} else if over != nil {
		j.leave(hard, over, route)
	}
	hold := j.standBy(ctx)
	if hold == nil {
		return false
	}
	route.Begin()
	j.setReason("not consuming yet")
	j.hold.Store(&hold)
	if j.fenced() { // Otherwise there is no lease to be told of.
		j.log.Info("took the lease of the route")
	}
	return true
}

// standBy waits for the lease. It returns nil when ctx is done.
func (j *JetStream) standBy(ctx context.Context) Hold {
	j.standing.Store(true)
	defer j.standing.Store(false)
	taken := make(chan Hold, 1)
	go func() { taken <- j.takeLease(ctx) }()
	ticks := time.NewTicker(standbyTick)
	defer ticks.Stop()
	who := ""
	for {
		j.cfg.Beat()
		if now := j.Standby(); now != who && now != "" {
			who = now
			j.log.Info("standing by: another replica consumes the route", "holder", who)
		}
		select {
		case hold := <-taken:
			return hold
		case <-ticks.C:
		}
	}
}

// takeLease returns nil when ctx is done.
func (j *JetStream) takeLease(ctx context.Context) Hold {
	for {
		hold, err := j.cfg.Lease.Take(ctx)
		switch {
		case ctx.Err() != nil && err == nil:
			hold.Release()
			return nil
		case ctx.Err() != nil:
			return nil
		case err == nil:
			return hold
		}
		j.complain(err)
		select {
		case <-ctx.Done():
		case <-time.After(standbyTick):
		}
	}
}

// release gives the lease back, if there is one. Nothing is published any more.
func (j *JetStream) release() {
	if hold := j.hold.Swap(nil); hold != nil {
		(*hold).Release()
	}
}

// within keeps requests as short as the lease wants them.
func (s *Settings) within(expires time.Duration) {
	if expires == 0 {
		return
	}
	s.PullExpiry = min(s.PullExpiry, expires)
	s.Heartbeat = min(s.Heartbeat, s.PullExpiry/2)
}
