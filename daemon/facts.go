package daemon

import (
	"cmp"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/admin"
	"momento-bridge/condition"
	"momento-bridge/daemon/status"
	"momento-bridge/source"
)

// Status reports what the daemon is doing. It may be called concurrently.
func (d *Daemon) Status() admin.Status {
	facts := d.facts()
	return status.Of(&facts)
}

// notReady returns why the daemon does not carry messages now, and what to do.
func (d *Daemon) notReady() []string {
	if why := d.vitals.progress.stuck(); why != "" {
		return status.IsStuck(why)
	}
	facts := d.facts()
	return status.NotReady(&facts)
}

// remarks returns what is worth knowing of a daemon that is ready.
func (d *Daemon) remarks() []string {
	facts := d.facts()
	return status.Remarks(&facts)
}

// facts are what is known at this moment. To ask waits for whatever is stuck.
func (d *Daemon) facts() status.Facts {
	d.lineup.RLock()
	defer d.lineup.RUnlock()
	return d.factsOfLineup()
}

// factsOfLineup is facts for one who holds the lineup.
func (d *Daemon) factsOfLineup() status.Facts {
	f := status.Facts{
		Version: d.cfg.Version, Now: time.Now(), Started: d.started,
		Stopping: d.stopping(), Stuck: d.vitals.progress.stuck(),
		NATS:     status.NATS{Connected: d.nats.IsConnected(), URL: d.natsNote(), Why: d.natsReason()},
		Endpoint: d.plan.sink.Endpoint.String(), Key: keyFacts(d.plan.sink.Keys), Pipeline: d.pipe.Stats(),
		MaxMessages: d.plan.pipeline.MaxMessages, MaxBytes: d.plan.pipeline.MaxBytes,
		Latency: d.sampler.times(),
	}
	d.settleProblems(f.Now)
	f.Problems = d.problems.list(f.Pipeline.Troubles)
	f.Group = d.group(&f.Pipeline)
	f.Canary = d.canaries.view(f.Now, &f.Pipeline)
	views := make([]view, len(f.Pipeline.Routes))
	for i := range views {
		views[i] = d.sampler.of(i, d.sampleOf(i, &f.Pipeline, f.Now))
	}
	together(views)
	for i := range views {
		f.Routes = append(f.Routes, d.routeFacts(i, &views[i]))
	}
	return f
}

func (d *Daemon) routeFacts(i int, v *view) status.Route {
	p := &d.plan.routes[i]
	lately := d.sampler.losses(i)
	r := status.Route{
		From: p.from, To: p.to, Starved: d.starved(i),
		Rates: v.rates, Known: v.now.known(), Silence: v.silence, Dry: v.dry || v.now.away,
		Waiting: v.now.waiting, Strayed: v.now.strayed, Beside: v.now.beside, AckWait: v.now.ackWait, Oldest: v.oldest,
		Undelivered: v.now.stored, Still: v.now.still,
		Arrivals: v.load.Arrivals, Capacity: v.load.Capacity,
		Kind: v.forecast.Outlook.String(), Drain: v.forecast.seconds(), Forecast: v.forecast.Text,
		Lost: lately.all(), LostWhy: lately.why(&p.route), DeadLettered: lately.dead,
	}
	r.Paused, r.PauseLost = d.pauses.of(d.lines[i].id())
	if ready, why := d.sources[i].Ready(); !ready {
		r.NotReady = cmp.Or(why, condition.NotConsuming.Sentence())
	}
	if src, ok := d.sources[i].(*source.Core); ok {
		r.Missed = uint64(src.Dropped())
	}
	return r
}

// starved says who holds all messages of a route's consumer that may be out; empty if nobody does.
func (d *Daemon) starved(i int) string {
	if src, ok := d.sources[i].(streamSource); ok {
		return src.Starved()
	}
	return ""
}

// Metrics are what /metrics shows, for those who run a daemon in their own process.
func (d *Daemon) Metrics() prometheus.Gatherer { return d.metrics }
