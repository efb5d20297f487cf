package daemon

import (
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
	// Reload reads the configuration again, when Hangups or Daemon.Reload ask for that. It must have been validated.
	// nil: it is not read again.
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
	identity *identity
	shared   *shared       // nil: it is told to be alone.
	leases   *coordination // Of ordered routes on streams.
	momento  *sink.Momento
	pipe     *pipeline.Pipeline
	lines    []*line      // One for each route; see lineup.
	sources  []natsSource // By route, for people.
	sampler  *sampler
	vitals   *vitals
	manager  serviceManager
	metrics  *prometheus.Registry
	admin    []net.Listener
	pauses   *pauses
	started  time.Time
	problems *problems
	keeper   *keeper
	canaries *canaries // nil: none are sent.
	sharing  sharing   // Others that d.shared shares with; nil: it shares no quota.
	leasing  leasing
	headroom []byte           // See headroomFor.
	tracing  *tracing.Tracing // nil: there are no traces.

	// lineup guards lines, sources, plan.routes and which routes the pipeline has, which a reload changes together. It
	// is held for reading by whoever looks at more than one of them.
	lineup   sync.RWMutex
	current  config.Config // What is in force. It belongs to New and then to the goroutine that reloads.
	readings chan struct{} // A slot for each reading of the configuration that has not ended.
	requests chan reloadRequest
	over     chan struct{} // Closed once nothing is reloaded any more.

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

// New connects the parts in the order in which messages flow, and opens the admin listener. It does not wait for NATS:
// the connection is made in the background. Nothing is carried before Run, which releases what New has opened, as Close
// does where Run is not called. After an error nothing is left open; the error says what to do.
func New(cfg Config, log *slog.Logger) (*Daemon, error) {
	p := cfg.Plan
	d := &Daemon{
		cfg: cfg, plan: p, metrics: prometheus.NewRegistry(), started: time.Now(), vitals: newVitals(p.tick()),
		manager: newServiceManager(cfg.Getenv), headroom: headroomFor(&p.file.Config), current: p.file.Config,
		requests: make(chan reloadRequest), over: make(chan struct{}), readings: make(chan struct{}, mostReadings),
	}
	counted := log // The pipeline counts its problems itself.
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
	if pipe.Routes, err = d.connectAll(pipe.Routes); err != nil {
		d.abandon()
		return nil, err
	}
	arrivals := newCanarySeconds()
	if d.canaries = newCanaries(d, arrivals, log); d.canaries != nil {
		pipe.Routes = append(pipe.Routes, d.canaries.plan())
	}
	d.pipe = pipeline.New(pipe, d.momento, counted, d.histograms)
	d.takeRoutes()
	d.keeper.learned = d.pipe.Learned
	if d.shared = d.join(d.pipe); d.shared != nil {
		d.sharing = d.shared
	}
	d.pauses = newPauses(p.stateDir)
	d.pauseAgain()
	d.sampler = newSampler(d)
	d.momento.Register(d.metrics)
	d.metrics.MustRegister(d.pipe, arrivals, newNATSMetrics(d), buildInfo(cfg.Version),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err = d.listen(); err != nil {
		d.abandon()
		return nil, err
	}
	return d, nil
}

// connectAll connects the routes of the plan, and returns what the pipeline is told of them behind what it is told of
// others.
func (d *Daemon) connectAll(told []pipeline.RouteConfig) ([]pipeline.RouteConfig, error) {
	for i := range d.plan.routes {
		l, err := d.connect(&d.plan.routes[i])
		if err != nil {
			return nil, err
		}
		told = append(told, l.begins()...)
		d.lines, d.sources = append(d.lines, l), append(d.sources, l.source)
	}
	return told, nil
}

// takeRoutes takes over what the pipeline has made of what it was told, in the same order.
func (d *Daemon) takeRoutes() {
	n := 0
	for _, l := range d.lines {
		for _, c := range l.carriers {
			c.route = d.pipe.Route(n)
			n++
		}
	}
	if d.canaries != nil {
		d.canaries.use(d.pipe.Route(n))
	}
}

// abandon closes what New has opened.
func (d *Daemon) abandon() {
	d.nats.Close()
	if d.tracing != nil {
		d.tracing.Close(time.Now())
	}
}

// Close releases what New has opened, where Run is not called.
func (d *Daemon) Close() {
	for _, ln := range d.admin {
		_ = ln.Close()
	}
	d.abandon()
}
