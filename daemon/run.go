package daemon

import (
	"context"
	"errors"
	"net/http"
	"sync"
)

// ErrInterrupted is returned by Run when Config.Hurry was closed: the daemon has not finished what it was doing.
var ErrInterrupted = errors.New("interrupted")

// Run carries messages until ctx is done, then drains within the plan's shutdown_timeout, and releases what New has
// opened. It is called once.
//
// It returns nil if every message that it held was settled or handed back. It returns an error if that did not succeed
// in time, or if something failed that cannot be tried again: then it has drained before, too. If Config.Hurry is
// closed it returns ErrInterrupted at once, without draining and with its goroutines still running, so that the process
// should end. Errors have been logged.
func (d *Daemon) Run(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- d.carry(ctx) }()
	select {
	case err := <-done:
		return err
	case <-d.cfg.Hurry:
		d.log.Error(
			"stopped at once by a second signal: up to these numbers of messages may be lost or published again",
			d.rest(d.held())...)
		return ErrInterrupted
	}
}

// carry carries messages until ctx is done, then drains. The order of its lines is the order in which messages stop
// moving: the sources stop and hand back, what is in flight is finished, the acknowledgements are flushed, the
// connection is closed.
func (d *Daemon) carry(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	hard, release := withGrace(ctx, d.plan.shutdown-flushReserve, d.draining)
	defer release()
	var failing sync.Mutex
	var failure error // What has ended it, unless that was the context it was given.
	fail := func(err error) {
		failing.Lock()
		defer failing.Unlock()
		if ctx.Err() == nil {
			failure = err
		}
		// Each route may tell of the same.
		if cause := context.Cause(ctx); cause == nil || cause.Error() != err.Error() {
			d.log.Error("stopping because of a failure", "error", err)
		}
		cancel(err)
	}

	outer := context.WithoutCancel(ctx) // For what must outlive the drain.
	side, stopSide := context.WithCancel(outer)
	var sides, publishing, consuming sync.WaitGroup
	d.startSides(ctx, side, &sides, fail)
	stopLeases := d.leases.run(outer, fail)
	left := 0
	publishing.Go(func() { left = d.pipe.Run(hard) })
	in := &carrying{ctx, hard, &consuming, fail}
	for _, l := range d.lines {
		d.start(in, l)
	}
	if d.canaries != nil {
		consuming.Go(func() { d.canaries.run(ctx) })
	}
	consuming.Go(func() { d.reloads(in) })
	consuming.Wait()
	publishing.Wait()
	err := d.flush(left)
	if d.shared != nil { // Now others may carry what it carried, also without a bucket.
		d.shared.bus.Leave()
	}
	stopLeases()
	d.nats.Close()
	d.endTraces()
	stopSide()
	sides.Wait()
	if failure != nil {
		return errors.Join(failure, err)
	}
	return err
}

// startSides starts what goes on beside publishing, until side is done; sides is done once all of that has ended. ctx
// is done when the daemon begins to stop. fail is told what cannot be tried again.
func (d *Daemon) startSides(ctx, side context.Context, sides *sync.WaitGroup, fail func(error)) {
	var handler http.Handler
	if len(d.admin) > 0 {
		handler = d.adminHandler()
	}
	for _, ln := range d.admin {
		sides.Go(func() {
			if err := d.serveAdmin(side, ln, handler); err != nil {
				fail(err)
			}
		})
	}
	sides.Go(func() { d.plan.sink.Keys.Watch(side, keyInterval, d.keyChanged, d.keyFailed) })
	sides.Go(func() { d.acks.Run(side) })
	sides.Go(func() { d.rounds.Run(side) })
	sides.Go(func() { d.sampler.run(side) })
	sides.Go(func() { d.vitals.progress.run(side, d.log) })
	sides.Go(func() { d.probe(side) })
	sides.Go(func() { d.observe(side) })
	sides.Go(func() { d.attend(ctx, side) })
	sides.Go(func() { d.keeper.run(side) })
	sides.Go(func() { d.answer(side) })
	if d.shared != nil {
		sides.Go(func() { d.shared.bus.Run(side) })
	} else {
		sides.Go(func() { d.overhear(side) })
	}
}
