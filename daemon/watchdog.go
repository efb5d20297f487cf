package daemon

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"momento-bridge/daemon/status"
)

// vitals are the pulses, and what was seen last.
type vitals struct {
	progress progress
	pipeline *pulse // The pipeline's mutex can be had.
	workers  *pulse // Nothing in the pipeline is stuck.
	sampling *pulse
	line     atomic.Pointer[string]
	ready    chan struct{} // Closed once the daemon has been ready.
}

// stuckProbes is how many probes in a row have to find something stuck: after the process was stopped for a while,
// the first may.
const stuckProbes = 5

func newVitals(tick time.Duration) *vitals {
	v := &vitals{progress: progress{tick: tick}, ready: make(chan struct{})}
	v.pipeline = v.progress.pulse("the pipeline", pulseLimit)
	v.workers = v.progress.pulse("publishing", stuckProbes)
	v.sampling = v.progress.pulse("the sampling of backlogs", pulseLimit)
	v.pipeline.beat()
	v.sampling.beat()
	return v
}

// consuming adds the pulse of what consumes a route. Only those of streams are beaten: a callback of core NATS may wait
// for room as long as it likes.
func (v *vitals) consuming(route string) *pulse {
	return v.progress.pulse("the consuming of route "+route, natsLimit)
}

const (
	// lookInterval is how often the daemon is looked at for the service manager.
	lookInterval = time.Second
	// startInterval is for as long as the daemon is not ready, so that it is told soon.
	startInterval = 100 * time.Millisecond
)

// probe looks each tick whether the pipeline goes on, until side is done. It waits for whatever is stuck there, and
// for this has a goroutine of its own.
func (d *Daemon) probe(side context.Context) {
	ticks := time.NewTicker(d.vitals.progress.tick)
	defer ticks.Stop()
	for {
		why := d.pipe.Stuck(time.Now())
		d.vitals.pipeline.beat()
		d.vitals.workers.suspect(why)
		select {
		case <-side.Done():
			return
		case <-ticks.C:
		}
	}
}

// observe notes each second what the daemon is doing, for the service manager, until side is done. Without one it ends
// once the daemon has been ready. No pulse is its own: it waits for the connection to NATS as well.
func (d *Daemon) observe(side context.Context) {
	ticks := time.NewTicker(startInterval)
	defer ticks.Stop()
	started := false
	for {
		facts := d.facts()
		ready := len(status.NotReady(&facts)) == 0
		if d.manager.socket != "" {
			line := status.Line(&facts)
			d.vitals.line.Store(&line)
		}
		if !started && ready {
			started = true
			close(d.vitals.ready)
			if d.manager.socket == "" {
				return
			}
			ticks.Reset(lookInterval)
		}
		select {
		case <-side.Done():
			return
		case <-ticks.C:
		}
	}
}

const (
	// statusInterval is the least time between two lines for the service manager.
	statusInterval = 2 * time.Second
	// While the daemon drains, each time that it says so it may take extension more than what it has been given.
	extendInterval = 5 * time.Second
	extension      = 15 * time.Second
)

// attend tells the service manager and the log when the daemon is ready and when it stops, and the service manager
// how it is, until side is done. A sign of life is given only while the daemon goes on by itself.
func (d *Daemon) attend(ctx, side context.Context) {
	manager := d.manager
	var status, extend, watchdog <-chan time.Time // Nobody is woken for a manager that is not there.
	if manager.socket != "" {
		statuses, extensions := time.NewTicker(statusInterval), time.NewTicker(extendInterval)
		defer statuses.Stop()
		defer extensions.Stop()
		status, extend = statuses.C, extensions.C
	}
	if manager.watchdog > 0 {
		signs := time.NewTicker(manager.watchdog)
		defer signs.Stop()
		watchdog = signs.C
	}
	ready, stopping, told := d.vitals.ready, ctx.Done(), ""
	for {
		select {
		case <-side.Done():
			return
		case <-ready:
			ready = nil
			d.log.Info("ready")
			manager.tell("READY=1")
		case <-stopping:
			ready, stopping = nil, nil
			manager.tell("STOPPING=1")
			d.extend()
		case <-extend:
			if stopping == nil {
				d.extend()
			}
		case <-watchdog:
			if d.vitals.progress.stuck() == "" {
				manager.tell("WATCHDOG=1")
			}
		case <-status:
			if line := d.vitals.statusLine(); line != told {
				told = line
				manager.tell("STATUS=" + line)
			}
		}
	}
}

// extend asks for more time to drain, within the budget and only while the daemon goes on.
func (d *Daemon) extend() {
	if end := d.endBy.Load(); end != nil && time.Now().After(*end) || d.vitals.progress.stuck() != "" {
		return
	}
	d.manager.tell(fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", extension.Microseconds()))
}

func (v *vitals) statusLine() string {
	if why := v.progress.stuck(); why != "" {
		return status.Bounded("stuck: " + why)
	}
	if line := v.line.Load(); line != nil {
		return *line
	}
	return "starting"
}
