package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"momento-bridge/admin"
	"momento-bridge/config"
	"momento-bridge/pipeline"
	"momento-bridge/sink"
	"momento-bridge/sink/key"
	"momento-bridge/source"
)

// Config is what a daemon is made of.
type Config struct {
	Plan    *Plan
	Version string
	// Getenv reads the environment that a service manager has set; nil: there is none.
	Getenv func(string) string
	// Hangups ask for the configuration to be read again by Reload: limits, weights and ceilings of routes take effect at
	// once. nil: it is not read again.
	Hangups <-chan os.Signal
	Reload  func() (*config.File, error)
	// Hurry is closed when the daemon must end at once, with what it is doing left as it is; nil: it never must.
	Hurry <-chan struct{}
}

// Daemon is the daemon: built by newBridge, it lives in run. Nothing starts before that.
type Daemon struct {
	cfg      Config
	plan     *Plan
	log      *slog.Logger
	nats     *nats.Conn
	acks     *source.Acks
	momento  *sink.Momento
	pipe     *pipeline.Pipeline
	sources  []natsSource
	letters  []*source.DeadLetters // By route; nil where there are none.
	sampler  *sampler
	vitals   *vitals
	manager  serviceManager
	metrics  *prometheus.Registry
	admin    net.Listener
	started  time.Time
	problems *problems

	circled     sync.Once              // Circles of dead letters have been looked for,
	circle      error                  // and one was found.
	natsFailure atomic.Pointer[string] // Why the last attempt to connect failed, and what to do; nil: none has since there was a connection.

	histograms *pipeline.Metrics
	endBy      atomic.Pointer[time.Time] // When the daemon must have ended; set when the drain begins.
	before     atomic.Pointer[ended]     // What had ended unpublished when the drain began.
}

// natsSource is one route's source.
type natsSource interface {
	pipeline.Settler
	Run(ctx, hard context.Context, route *pipeline.Route) error
	Ready() (bool, string)
}

// New connects the parts in data order. The NATS connection is made in the background.
func New(cfg Config, log *slog.Logger) (*Daemon, error) {
	p := cfg.Plan
	b := &Daemon{
		cfg: cfg, plan: p, metrics: prometheus.NewRegistry(), started: time.Now(), vitals: newVitals(p),
		manager: newServiceManager(cfg.Getenv),
	}
	log, b.problems = watchProblems(log)
	b.log, b.histograms = log, pipeline.NewMetrics(b.metrics)
	var err error
	connect := p.nats
	connect.Failed = b.natsFailed
	if b.nats, err = source.Connect(connect, log); err != nil {
		return nil, err
	}
	b.acks = source.NewAcks(b.nats)
	if b.momento, err = sink.New(p.sink, log); err != nil {
		b.nats.Close()
		return nil, err
	}
	pipe := p.pipeline
	for i, r := range p.routes {
		src, rc, err := b.source(r, b.vitals.routes[i])
		if err != nil {
			b.nats.Close()
			return nil, err
		}
		b.sources = append(b.sources, src)
		pipe.Routes = append(pipe.Routes, rc)
	}
	b.pipe = pipeline.New(pipe, b.momento, log, b.histograms)
	b.sampler = newSampler(b)
	b.momento.Register(b.metrics)
	b.metrics.MustRegister(b.pipe, newNATSMetrics(b), buildInfo(cfg.Version),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if b.admin, err = Listen("admin.listen (--admin-listen)", p.adminListen); err != nil {
		b.nats.Close()
		return nil, err
	}
	if strings.HasSuffix(p.adminListen, ":0") {
		b.log.Info("the admin listener has chosen a port", "status_page", "http://"+b.AdminAddr().String()+"/")
	}
	return b, nil
}

// AdminAddr is where the daemon listens for operators.
func (b *Daemon) AdminAddr() net.Addr { return b.admin.Addr() }

// source makes a route's source, which beats a pulse, and its side in the pipeline.
func (b *Daemon) source(r routePlan, pulse *pulse) (natsSource, pipeline.RouteConfig, error) {
	rc := r.route
	b.letters = append(b.letters, nil)
	if r.deadLetter != "" {
		letters, err := source.NewDeadLetters(b.nats, r.deadLetter, b.log)
		if err != nil {
			return nil, rc, err
		}
		rc.DeadLetters = letters
		b.letters[len(b.letters)-1] = letters
	}
	if r.jetStream == nil {
		src := source.NewCore(b.nats, *r.core, b.log)
		rc.Settler = src
		return src, rc, nil
	}
	cfg := *r.jetStream
	cfg.Beat = pulse.beat
	src, err := source.NewJetStream(b.nats, b.acks, cfg, b.log)
	rc.Settler = src
	rc.Returnable = true
	return src, rc, err
}

// flushReserve is kept back from the shutdown budget for the acknowledgements.
const flushReserve = time.Second

var errBudget = errors.New("the shutdown budget ran out first: raise shutdown_timeout if that should not be")

// ErrInterrupted ends the program at once, after a second signal.
var ErrInterrupted = errors.New("interrupted")

// Run carries messages until ctx is done, then drains. A second signal ends it at once, with what it was doing left
// as it is.
func (b *Daemon) Run(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- b.carry(ctx) }()
	select {
	case err := <-done:
		return err
	case <-b.cfg.Hurry:
		b.log.Error("stopped at once by a second signal: what is said here is the most that is lost, and published again", b.rest(b.held())...)
		return ErrInterrupted
	}
}

// carry carries messages until ctx is done, then drains. The order of its lines is the order in which messages stop
// moving: the sources stop and hand back, what is in flight is finished, the acknowledgements are flushed, the
// connection is closed.
func (b *Daemon) carry(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	hard, release := withGrace(ctx, b.plan.shutdown-flushReserve, b.draining)
	defer release()
	var failing sync.Mutex
	fail := func(err error) {
		failing.Lock()
		defer failing.Unlock()
		if cause := context.Cause(ctx); cause == nil || cause.Error() != err.Error() { // Each route may tell of the same.
			b.log.Error("stopping because of a failure", "error", err)
		}
		cancel(err)
	}

	outer := context.WithoutCancel(ctx) // For what must outlive the drain.
	side, stopSide := context.WithCancel(outer)
	var sides, publishing, consuming sync.WaitGroup
	sides.Go(func() {
		if err := admin.Serve(side, b.admin, b.adminHandler(), b.log); err != nil {
			fail(err)
		}
	})
	sides.Go(func() { b.plan.sink.Keys.Watch(side, keyInterval, b.keyChanged, b.keyFailed) })
	sides.Go(func() { b.acks.Run(side) })
	sides.Go(func() { b.sampler.run(side) })
	sides.Go(func() { b.vitals.progress.run(side, b.log) })
	sides.Go(func() { b.probe(side) })
	sides.Go(func() { b.observe(side) })
	sides.Go(func() { b.attend(ctx, side) })
	sides.Go(func() { b.reloads(side) })

	left := 0
	publishing.Go(func() { left = b.pipe.Run(hard) })
	for i := range b.sources {
		consuming.Go(func() {
			if err := b.consume(ctx, hard, i); err != nil {
				fail(err)
			}
		})
	}
	consuming.Wait()
	publishing.Wait()
	err := b.flush(left)
	b.nats.Close()
	stopSide()
	sides.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return errors.Join(cause, err)
	}
	return err
}

// consume runs a route's source. A route whose dead letters nobody would keep does not start.
func (b *Daemon) consume(ctx, hard context.Context, i int) error {
	route, plan := b.pipe.Route(i), b.plan.routes[i]
	defer route.Close()
	if letters := b.letters[i]; letters != nil {
		if err := letters.Check(ctx, plan.wholeStream()); err != nil {
			return fmt.Errorf("route %s: %w", plan.route.Name, err)
		}
		if err := b.circles(ctx); err != nil {
			return err
		}
	}
	defer b.vitals.routes[i].rest()
	return b.sources[i].Run(ctx, hard, route)
}

// draining is told when publishing must end.
func (b *Daemon) draining(end time.Time) {
	b.pipe.EndBy(end)
	end = end.Add(flushReserve)
	b.endBy.Store(&end)
	b.sayStopping()
}

// flush makes sure that the server has the acknowledgements, and says how the drain went, and what was left of it. If
// the connection is away it may come back until the budget ends.
func (b *Daemon) flush(left int) error {
	end := time.Now().Add(flushReserve)
	if drain := b.endBy.Load(); drain != nil {
		end = *drain
	}
	err := b.acks.Flush(end)
	rest := b.rest(held{})
	switch {
	case err != nil:
		b.log.Error("stopped: the last acknowledgements may not have reached NATS: as many messages at the most are delivered again", append(rest, "error", err)...)
		return fmt.Errorf("%w: %d are unconfirmed, and at the most as many messages are delivered again", err, b.acks.Unconfirmed())
	case left > 0:
		b.log.Error("stopped: the drain budget ran out: what core NATS routes still held is lost, what streams have delivered is delivered again", rest...)
		return errBudget
	}
	b.log.Info("stopped: what was held is settled or handed back", rest...)
	return nil
}

// withGrace returns a context that ends the given time after ctx. draining is told the moment when that will be, as
// soon as it is known.
func withGrace(ctx context.Context, grace time.Duration, draining func(end time.Time)) (context.Context, context.CancelFunc) {
	hard, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		draining(time.Now().Add(grace))
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(hard, func() { timer.Stop() })
	})
	return hard, func() { stop(); cancel() }
}

// keyInterval is how often the key's file is looked at.
const keyInterval = time.Second

func (b *Daemon) natsFailed(err error) {
	why := err.Error() + "; " + natsAdvice(err)
	b.natsFailure.Store(&why)
}

func (b *Daemon) keyChanged() {
	b.log.Info("a new API key is in use", "key", b.plan.keyNote())
	b.pipe.KeyChanged()
}

func (b *Daemon) keyFailed(err error) {
	logNoKey(b.log, b.plan.sink.Keys, err)
}

// logNoKey tells that no key could be had.
func logNoKey(log *slog.Logger, keys *key.Ring, err error) {
	if keys.Key() == nil {
		log.Error("no API key yet, still trying: nothing is published; see what momento.api_key_url gives", "error", err)
		return
	}
	log.Error("no new API key, still trying; the old one stays in use", "error", err)
}
