package main

import (
	"context"
	"net"
	"net/http"
	"time"

	"momento-bridge/admin"
	"momento-bridge/pipeline"
)

// adminHandler serves health and metrics. ctx is done when the daemon stops.
func (b *bridge) adminHandler(ctx context.Context) http.Handler {
	return admin.New(admin.Config{
		Metrics:  b.metrics,
		NotReady: func() []string { return b.notReady(ctx) },
		Stuck:    func() string { return b.pipe.Stuck(time.Now()) },
		Status:   func() admin.Status { return b.status(ctx) },
		History:  &b.sampler.history,
		Pause:    b.pause,
		Hosts:    b.plan.adminHosts,
		Open:     !loopbackAddr(b.admin.Addr()),
		Pprof:    b.plan.pprof,
	})
}

func loopbackAddr(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// notReady returns why the daemon does not carry messages now: NATS, the sources, the key, the endpoint, the caches.
func (b *bridge) notReady(ctx context.Context) []string {
	var reasons []string
	if ctx.Err() != nil {
		reasons = append(reasons, "stopping")
	}
	if !b.nats.IsConnected() {
		reason := "nats: not connected"
		if err := b.nats.LastError(); err != nil {
			reason += ": " + err.Error()
		}
		reasons = append(reasons, reason)
	}
	if err := b.plan.sink.Keys.Missing(); err != nil {
		reasons = append(reasons, "key: "+err.Error())
	}
	stats := b.pipe.Stats()
	for i, src := range b.sources {
		if ok, why := src.Ready(); !ok {
			reasons = append(reasons, "route "+stats.Routes[i].Name+": "+why)
		}
	}
	return append(reasons, endpointReasons(stats)...)
}

func endpointReasons(stats pipeline.Stats) []string {
	var reasons []string
	if stats.KeyRefused {
		reasons = append(reasons, "endpoint: the API key is refused: "+stats.Why)
	}
	if stats.Down {
		reasons = append(reasons, "endpoint: down: "+stats.Why)
	}
	for _, r := range stats.Routes {
		if r.CacheMissing {
			reasons = append(reasons, "route "+r.Name+": the cache does not exist")
		}
		if r.RouteRefused || r.Forbidden > 0 && r.State == pipeline.Parked {
			reasons = append(reasons, "route "+r.Name+": the API key may not publish to its topics")
		}
	}
	return reasons
}

// notifyReady tells systemd once the daemon carries messages, and when it begins to stop.
func (b *bridge) notifyReady(ctx context.Context) {
	ticks := time.NewTicker(100 * time.Millisecond)
	defer ticks.Stop()
	for len(b.notReady(ctx)) > 0 {
		select {
		case <-ctx.Done():
			notifySystemd("STOPPING=1")
			return
		case <-ticks.C:
		}
	}
	b.log.Info("ready")
	notifySystemd("READY=1")
	<-ctx.Done()
	b.log.Info("stopping: handing back what has not been started, finishing what is in flight; a second signal ends it at once", "budget", b.plan.shutdown)
	notifySystemd("STOPPING=1")
}
