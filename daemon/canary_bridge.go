package daemon

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/canary"
	"momento-bridge/pipeline"
)

// ownBridge is a bridge for canaries alone, in the process of who sends them: what a daemon does with messages, without
// its routes.
type ownBridge struct {
	subject string
	guests  *canaryGuests
	sub     *nats.Subscription
	running sync.WaitGroup
	end     context.CancelFunc
	leave   func()
}

// openBridge starts one.
func (t *CanaryTry) openBridge() (*ownBridge, error) {
	momento, err := t.plan.Publisher(t.log)
	if err != nil {
		return nil, err
	}
	b := &ownBridge{
		subject: canarySubject(&t.plan.file.Config) + "." + t.replica,
		guests:  &canaryGuests{conn: t.conn, to: t.to, name: "of this command"},
	}
	cfg := t.plan.pipeline
	cfg.Workers, cfg.InFlight = 1, 1
	cfg.Routes = []pipeline.RouteConfig{canaryRoute(t.to, b.guests)}
	pipe := pipeline.New(cfg, momento, t.log, pipeline.NewMetrics(prometheus.NewRegistry()))
	b.guests.route = pipe.Route(0)
	b.guests.holds = func() canary.Bridge {
		all := pipe.Stats()
		return bridgeOf(&all, b.guests.route)
	}
	if b.sub, err = t.conn.Subscribe(b.subject, b.guests.take); err != nil {
		return nil, fmt.Errorf("subscribe to NATS: %w", err)
	}
	ctx, end := context.WithCancel(context.Background())
	b.end = end
	b.leave = visit(ctx, &b.running, t.plan, t.conn, pipe, t.log)
	b.running.Go(func() { pipe.Run(ctx) })
	b.running.Go(func() {
		ticks := time.NewTicker(canaryTick)
		defer ticks.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-ticks.C:
				b.guests.tell(now)
			}
		}
	})
	return b, nil
}

// close ends it with what it holds.
func (b *ownBridge) close() {
	_ = b.sub.Unsubscribe()
	b.guests.route.Yield()
	b.guests.route.Close()
	b.leave()
	b.end()
	b.running.Wait()
}
