package daemon

import (
	"context"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"momento-bridge/config"
	"momento-bridge/pipeline"
	"momento-bridge/sink"
	"momento-bridge/source"
	"momento-bridge/tracing"
)

// Config is what a daemon is made of.
type Config struct {
	// Plan says what it carries and how. Where a vended key must name the endpoint, Plan.FirstKey comes before New.
	Plan *Plan
	// Version is shown by the status, the metrics and the log.
	Version string
	// Getenv reads the environment that a service manager has set; nil: there is none.
	Getenv func(string) string
	// Hangups ask for the configuration to be read again by Reload: limits, weights and ceilings of routes take effect
	// at once. nil: it is not read again.
	Hangups <-chan os.Signal
	Reload  func() (*config.File, error)
	// Hurry is closed when the daemon must end at once, with what it is doing left as it is; nil: it never must.
	Hurry <-chan struct{}
}

// Daemon is the running bridge: built by New, it lives in Run. It runs once.
type Daemon struct {
	cfg      Config
	plan     *Plan
	log      *slog.Logger
	nats     *nats.Conn
	acks     *source.Acks
	rounds   *source.Rounds
	identity identity
	shared   *shared       // nil: it is told to be alone.
	leases   *coordination // Of ordered routes on streams.
	momento  *sink.Momento
	pipe     *pipeline.Pipeline
	sources  []natsSource          // By route, for people.
	carriers []carrier             // In the pipeline's order: one for each route, or one for each of its partitions.
	letters  []*source.DeadLetters // By route; nil where there are none.
	sampler  *sampler
	vitals   *vitals
	manager  serviceManager
	metrics  *prometheus.Registry
	admin    []net.Listener
	pauses   *pauses
	started  time.Time
	problems *problems
	keeper   *keeper
	sharing  sharing // Others that d.shared shares with; nil: it shares no quota.
	leasing  leasing
	headroom []byte           // See headroomFor.
	tracing  *tracing.Tracing // nil: there are no traces.

	circled sync.Once // Circles of dead letters have been looked for,
	circle  error     // and one was found.
	// Why the last attempt to connect failed, and what to do; nil: none has since there was a connection.
	natsFailure atomic.Pointer[string]

	histograms *pipeline.Metrics
	others     atomic.Int64              // How many of the group share a quota, where this one shares none.
	endBy      atomic.Pointer[time.Time] // When the daemon must have ended; set when the drain begins.
	before     atomic.Pointer[ended]     // What had ended unpublished when the drain began.
}

// natsSource is what people see of a route's source.
type natsSource interface {
	// Ready reports whether it consumes, and if not, why.
	Ready() (bool, string)
}

// carrier carries what one source takes from NATS into one route of the pipeline.
type carrier struct {
	route  int // In the plan.
	source interface {
		Run(ctx, hard context.Context, route *pipeline.Route) error
	}
	pulse *pulse
}

// New connects the parts in the order in which messages flow, and opens the admin listener. It does not wait for NATS:
// the connection is made in the background. Nothing is carried before Run, which must follow, as it alone releases what
// New has opened. After an error nothing is left open; the error says what to do.
func New(cfg Config, log *slog.Logger) (*Daemon, error) {
	p := cfg.Plan
	d := &Daemon{
		cfg: cfg, plan: p, metrics: prometheus.NewRegistry(), started: time.Now(), vitals: newVitals(),
		manager: newServiceManager(cfg.Getenv), headroom: headroomFor(&p.file.Config),
	}
	log, d.problems = watchProblems(log)
	d.identity = newIdentity(&p.file.Config)
	d.log, d.histograms = log, pipeline.NewMetrics(d.metrics)
	var err error
	connect := p.nats
	connect.Failed = d.natsFailed
	if d.nats, err = source.Connect(connect, log); err != nil {
		return nil, err
	}
	if err = d.trace(); err != nil {
		d.nats.Close()
		return nil, err
	}
	d.acks, d.rounds = source.NewAcks(d.nats), source.NewRounds()
	d.leases = d.newCoordination()
	d.leasing = d.leases
	if d.momento, err = sink.New(p.sink, log); err != nil {
		d.abandon()
		return nil, err
	}
	pipe := p.pipeline
	pipe.Tracer = d.tracer()
	d.keeper = newKeeper(p, log)
	pipe.Learned = d.keeper.recall(time.Now())
	for i := range p.routes {
		routes, err := d.connectRoute(i)
		if err != nil {
			d.abandon()
			return nil, err
		}
		pipe.Routes = append(pipe.Routes, routes...)
	}
	d.pipe = pipeline.New(pipe, d.momento, log, d.histograms)
	d.keeper.learned = d.pipe.Learned
	if d.shared = d.join(d.pipe); d.shared != nil {
		d.sharing = d.shared
	}
	d.pauses = newPauses(p.stateDir)
	d.pauseAgain()
	d.sampler = newSampler(d)
	d.momento.Register(d.metrics)
	d.metrics.MustRegister(d.pipe, newNATSMetrics(d), buildInfo(cfg.Version),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err = d.listen(); err != nil {
		d.abandon()
		return nil, err
	}
	return d, nil
}

// abandon closes what New has opened.
func (d *Daemon) abandon() {
	d.nats.Close()
	if d.tracing != nil {
		d.tracing.Close(time.Now())
	}
}

// connectRoute makes a route's source, or those of its partitions, and their side in the pipeline.
func (d *Daemon) connectRoute(i int) ([]pipeline.RouteConfig, error) {
	r := &d.plan.routes[i]
	rc := r.route
	d.letters = append(d.letters, nil)
	if r.deadLetter != "" {
		letters, err := source.NewDeadLetters(d.nats, r.deadLetter, d.log)
		if err != nil {
			return nil, err
		}
		letters.Partitions = r.partitions
		rc.DeadLetters = letters
		d.letters[i] = letters
	}
	if r.jetStream == nil {
		cfg := *r.core
		cfg.Rounds, cfg.Tracer = d.rounds, d.tracer()
		src := source.NewCore(d.nats, cfg, d.log)
		rc.Drops = true
		d.sources = append(d.sources, src)
		d.carriers = append(d.carriers, carrier{i, src, d.vitals.consuming(r.route.Name)})
		return []pipeline.RouteConfig{rc}, nil
	}
	var routes []pipeline.RouteConfig
	var parts partitionSources
	for n, cfg := range r.streams() {
		pulse := d.vitals.consuming(r.partName(n))
		cfg.Beat, cfg.Tracer = pulse.beat, d.tracer()
		d.leases.share(&cfg, r.number(n))
		cfg.Replicas = func() int { return d.shared.replicas() } // d.shared is made after the routes.
		src, err := source.NewJetStream(d.nats, d.acks, cfg, d.log)
		if err != nil {
			return nil, err
		}
		one := rc
		one.Settler, one.Returnable, one.Partition = src, true, r.number(n)
		if cfg.Lease != nil {
			one.Held = src.Held
		}
		routes, parts = append(routes, one), append(parts, src)
		d.carriers = append(d.carriers, carrier{i, src, pulse})
	}
	if r.partitions == nil {
		d.sources = append(d.sources, parts[0])
	} else {
		d.sources = append(d.sources, parts)
	}
	return routes, nil
}
