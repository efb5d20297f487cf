package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"momento-bridge/admin"
	"momento-bridge/pipeline"
	"momento-bridge/sink"
	"momento-bridge/source"
)

// bridge is the daemon: built by newBridge, it lives in run. Nothing starts before that.
type bridge struct {
	plan    *plan
	log     *slog.Logger
	nats    *nats.Conn
	momento *sink.Momento
	pipe    *pipeline.Pipeline
	sources []natsSource
	metrics *prometheus.Registry
	admin   net.Listener
}

// natsSource is one route's source.
type natsSource interface {
	pipeline.Settler
	Run(ctx, hard context.Context, route *pipeline.Route) error
	Ready() (bool, string)
}

// newBridge connects the parts in data order. The NATS connection is made in the background.
func newBridge(p *plan, log *slog.Logger) (*bridge, error) {
	b := &bridge{plan: p, log: log, metrics: prometheus.NewRegistry()}
	var err error
	if b.nats, err = source.Connect(p.nats, log); err != nil {
		return nil, err
	}
	if b.momento, err = sink.New(p.sink, log); err != nil {
		b.nats.Close()
		return nil, err
	}
	cfg := p.pipeline
	for _, r := range p.routes {
		src, rc, err := b.source(r)
		if err != nil {
			b.nats.Close()
			return nil, err
		}
		b.sources = append(b.sources, src)
		cfg.Routes = append(cfg.Routes, rc)
	}
	b.pipe = pipeline.New(cfg, b.momento, log, pipeline.NewMetrics(b.metrics))
	b.momento.Register(b.metrics)
	b.metrics.MustRegister(b.pipe, newNATSMetrics(b), buildInfo(),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if b.admin, err = net.Listen("tcp", p.adminListen); err != nil {
		b.nats.Close()
		return nil, fmt.Errorf("open the admin listener (admin.listen, --admin-listen): %w", err)
	}
	return b, nil
}

// source makes a route's source and its side in the pipeline.
func (b *bridge) source(r routePlan) (natsSource, pipeline.RouteConfig, error) {
	rc := r.route
	if r.deadLetter != "" {
		letters, err := source.NewDeadLetters(b.nats, r.deadLetter)
		if err != nil {
			return nil, rc, err
		}
		rc.DeadLetters = letters
	}
	if r.jetStream == nil {
		src := source.NewCore(b.nats, *r.core, b.log)
		rc.Settler = src
		return src, rc, nil
	}
	src, err := source.NewJetStream(b.nats, *r.jetStream, b.log)
	rc.Settler = src
	rc.Returnable = true
	return src, rc, err
}

// flushReserve is kept back from the shutdown budget for the acknowledgements.
const flushReserve = time.Second

var errBudget = errors.New("the shutdown budget ran out first")

// run carries messages until ctx is done, then drains. The order of its lines is the order in which messages stop moving:
// the sources stop and hand back, what is in flight is finished, the acknowledgements are flushed, the connection is closed.
func (b *bridge) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	hard, release := withGrace(ctx, b.plan.shutdown-flushReserve, b.pipe.EndBy)
	defer release()

	outer := context.WithoutCancel(ctx) // For what must outlive the drain.
	side, stopSide := context.WithCancel(outer)
	var sides, publishing, consuming sync.WaitGroup
	sides.Go(func() {
		if err := admin.Serve(side, b.admin, b.adminHandler(ctx)); err != nil {
			cancel(err)
		}
	})
	sides.Go(func() { b.plan.sink.Keys.Watch(side, keyInterval, b.keyChanged, b.keyFailed) })
	sides.Go(func() { b.notifyReady(ctx) })

	left := 0
	publishing.Go(func() { left = b.pipe.Run(hard) })
	for i, src := range b.sources {
		consuming.Go(func() {
			if err := src.Run(ctx, hard, b.pipe.Route(i)); err != nil {
				cancel(err)
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

// flush makes sure that the server has the acknowledgements, and says how the drain went.
func (b *bridge) flush(left int) error {
	if left > 0 {
		b.log.Error("the drain budget ran out: messages of core NATS routes still held are lost, those of streams are delivered again", "messages", left)
	}
	if err := b.flushAcks(); err != nil {
		b.log.Error("the last acknowledgements may not have reached NATS: their messages are delivered again", "error", err)
		return fmt.Errorf("flush the acknowledgements: %w", err)
	}
	if left > 0 {
		return errBudget
	}
	b.log.Info("stopped: everything held was settled or handed back")
	return nil
}

// flushAcks waits until the server has read every acknowledgement. Core NATS has none.
func (b *bridge) flushAcks() error {
	for _, r := range b.plan.routes {
		if r.jetStream != nil {
			return b.nats.FlushTimeout(flushReserve)
		}
	}
	return nil
}

// withGrace returns a context that ends the given time after ctx. draining is told the moment when that will be, as soon as it is
// known.
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

func (b *bridge) keyChanged() {
	b.log.Info("a new API key was read from its file")
	b.pipe.KeyChanged()
}

func (b *bridge) keyFailed(err error) {
	b.log.Error("the API key's file cannot be read, the old key stays in use", "error", err)
}
