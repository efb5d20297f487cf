package simulation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync/atomic"

	"momento-bridge/admin"
	"momento-bridge/config"
	"momento-bridge/daemon"
)

// replica is one daemon in its life: it begins, and is stopped or killed.
type replica struct {
	world  *World
	id     int
	daemon atomic.Pointer[daemon.Daemon]
	stop   context.CancelFunc
	hurry  chan struct{}
	ended  chan error // Closed at its end.
	cut    bool       // Nothing it does reaches anybody.
	leaves bool       // It was asked to stop.
	over   bool
	born   int64

	linked  int64 // When it was connected to NATS last.
	manners manners
}

// theKey is the key that the daemons have.
const theKey = "simulated-key"

// start starts a daemon.
func (w *World) start() {
	if w.ending {
		return
	}
	r := &replica{
		world: w, id: len(w.replicas) + 1, hurry: make(chan struct{}), ended: make(chan error, 1),
		born: w.now(),
	}
	w.replicas = append(w.replicas, r)
	w.history.note(w.now(), "start", int64(r.id))
	f := config.Read("simulation.yaml", []byte(w.plan.config))
	f.Validate()
	p := daemon.NewPlan(f)
	if err := f.Err(); err != nil {
		w.fault("the configuration: %v\n%s", err, w.plan.config)
		return
	}
	p.WithoutAdmin()
	p.SetTicks(w.plan.ticks)
	p.SetDialers(daemon.Dialers{
		NATS:     func(string, string) (net.Conn, error) { return r.dial(context.Background(), toNATS) },
		Endpoint: func(ctx context.Context, _ string) (net.Conn, error) { return r.dial(ctx, toEndpoint) },
	})
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	cfg, log := daemon.Config{Plan: p, Version: "simulated", Hurry: r.hurry}, w.log(r)
	w.stirred.Store(true)
	go func() {
		d, err := daemon.New(cfg, log)
		if err == nil {
			r.daemon.Store(d)
			err = d.Run(ctx)
		}
		r.ended <- err
	}()
}

// log is where a daemon's log goes: nowhere, unless Shown asks for it.
func (w *World) log(r *replica) *slog.Logger {
	if !Shown.Logs {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, nil)).With("replica", r.id)
}

// dial asks the world for a connection.
func (r *replica) dial(ctx context.Context, server endpointOf) (net.Conn, error) {
	if server == toNATS {
		return r.world.connect(r)
	}
	d := &dialing{owner: r, server: server, result: make(chan dialed, 1)}
	w := r.world
	w.mu.Lock()
	w.dials = append(w.dials, d)
	w.mu.Unlock()
	w.poke()
	select {
	case got := <-d.result:
		if got.err != nil {
			return nil, got.err
		}
		return got.link, nil
	case <-ctx.Done():
		go func() { // It comes too late.
			if got := <-d.result; got.link != nil {
				_ = got.link.Close()
			}
		}()
		return nil, fmt.Errorf("dial: %w", ctx.Err())
	}
}

// leave asks a daemon to stop.
func (r *replica) leave() {
	if r.leaves || r.cut || r.stop == nil {
		return
	}
	r.leaves = true
	r.world.history.note(r.world.now(), "stop", int64(r.id))
	r.world.stirred.Store(true)
	r.stop()
}

// kill takes a daemon away as kill -9 does: nothing it does from now on reaches anybody. Its goroutines end by
// themselves, later.
func (r *replica) kill() {
	if r.cut {
		return
	}
	w := r.world
	w.history.note(w.now(), "kill", int64(r.id))
	r.cut = true
	for _, l := range w.links {
		if l.owner == r {
			w.cut(l, w.faults.IntN(2) == 0)
		}
	}
	w.truth.killed()
	w.stirred.Store(true)
	r.stop()
	close(r.hurry)
}

// alive reports whether a daemon works.
func (r *replica) alive() bool { return !r.cut && !r.leaves }

// reap notes which daemons have ended.
func (w *World) reap() {
	for _, r := range w.replicas {
		if r.over {
			continue
		}
		select {
		case err := <-r.ended:
			r.over = true
			w.history.note(w.now(), "over", int64(r.id))
			if err != nil && !errors.Is(err, daemon.ErrInterrupted) && !r.cut {
				w.truth.endedBadly(r, err)
			}
		default:
		}
	}
}

// living returns the daemons that work.
func (w *World) living() []*replica {
	var all []*replica
	for _, r := range w.replicas {
		if r.alive() && !r.over {
			all = append(all, r)
		}
	}
	return all
}

// status is what a daemon says of itself.
func (r *replica) status() admin.Status {
	r.world.stirred.Store(true)
	return r.daemon.Load().Status()
}
