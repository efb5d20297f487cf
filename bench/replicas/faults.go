package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"momento-bridge/test/lab"
)

// slack is how much longer than a lease a takeover may take.
const slack = 500 * time.Millisecond

// takeovers are how long it took until another replica published.
type takeovers []time.Duration

func (all takeovers) String() string {
	if len(all) == 0 {
		return "none"
	}
	slices.Sort(all)
	return fmt.Sprintf("takeover median %v, worst %v", all[len(all)/2].Round(10*time.Millisecond),
		all[len(all)-1].Round(10*time.Millisecond))
}

func (all takeovers) worst() time.Duration {
	if len(all) == 0 {
		return 0
	}
	return slices.Max(all)
}

// aim waits until somebody holds the route, and returns who.
func (w *world) aim(ctx context.Context) (holder *replica, err error) {
	err = lab.Await(ctx, time.Minute, "a replica that runs publishes", func() bool {
		who, at := w.account.latest()
		holder = w.holder()
		return holder != nil && holder.number == who && time.Since(at) < 200*time.Millisecond
	})
	return holder, err
}

// killHolder kills who holds the route, waits until another publishes, and starts a new replica.
func (w *world) killHolder(ctx context.Context) (time.Duration, error) {
	holder, err := w.aim(ctx)
	if err != nil {
		return 0, err
	}
	at := time.Now()
	w.kill(holder)
	took, err := w.another(ctx, holder, at.Add(5*time.Millisecond))
	if err != nil {
		return 0, err
	}
	w.trace("replica %d killed at %v, another published after %v", holder.number, at, took)
	_, err = w.start(ctx)
	return took, err
}

func (w *world) trace(format string, args ...any) {
	if !w.b.verbose {
		return
	}
	for i, arg := range args {
		switch arg := arg.(type) {
		case time.Time:
			args[i] = arg.UTC().Format("15:04:05.000")
		case time.Duration:
			args[i] = arg.Round(time.Millisecond)
		}
	}
	fmt.Printf("       "+format+"\n", args...)
}

// kills kills the holder again and again.
func kills(ctx context.Context, b *bench) error {
	const rate = 200
	w, f, err := b.ordered(ctx, settings{}, 4, rate, false)
	if err != nil {
		return err
	}
	defer w.end()
	return w.killAll(ctx, f, length(b, 10, 1), 10*time.Second, "kill, 4 replicas")
}

// killAll kills the holder so many times, one each period, and judges.
func (w *world) killAll(ctx context.Context, f *feeding, n int, period time.Duration, what string) error {
	var all takeovers
	for i := range n {
		next := time.Now().Add(period)
		took, err := w.killHolder(ctx)
		if err != nil {
			return err
		}
		all = append(all, took)
		if i%20 == 19 {
			w.b.progress("%s: %d of %d, %v", what, i+1, n, slices.Clone(all))
		}
		sleepUntil(ctx, next)
	}
	t, err := w.finish(ctx, f)
	if err != nil {
		return err
	}
	w.b.judge(t, all, n, w.settings.lease, fmt.Sprintf("%s, %d times, %g/s", what, n, f.rate))
	return nil
}

// judge prints what came of faults that each take a holder away.
func (b *bench) judge(t *tally, all takeovers, faults int, lease time.Duration, what string) {
	if lease == 0 {
		lease = 5 * time.Second
	}
	b.print(true, t.inOrder(faults*connections), "%s: %v (at most %d), longest gap %v", what, t, faults*connections,
		t.gap())
	b.print(false, all.worst() <= lease+slack, "%s, lease %v: %v", what, lease, all)
}

func sleepUntil(ctx context.Context, at time.Time) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Until(at)):
	}
}

// freezes stops the holder for ten seconds, again and again.
func freezes(ctx context.Context, b *bench) error {
	const rate, frozen = 200, 10 * time.Second
	w, f, err := b.ordered(ctx, settings{}, 4, rate, false)
	if err != nil {
		return err
	}
	defer w.end()
	var all takeovers
	n := length(b, 5, 1)
	for range n {
		holder, err := w.aim(ctx)
		if err != nil {
			return err
		}
		at := time.Now()
		holder.Signal(syscall.SIGSTOP)
		took, err := w.another(ctx, holder, at.Add(5*time.Millisecond))
		if err == nil {
			all = append(all, took)
			sleepUntil(ctx, at.Add(frozen))
		}
		holder.Signal(syscall.SIGCONT)
		if err != nil {
			return err
		}
		w.trace("replica %d stopped at %v, another published after %v", holder.number, at, took)
		sleepUntil(ctx, at.Add(frozen+3*time.Second))
	}
	t, err := w.finish(ctx, f)
	if err != nil {
		return err
	}
	b.judge(t, all, n, 0, fmt.Sprintf("freeze for %v, 4 replicas, %d times, %d/s", frozen, n, rate))
	return nil
}

// soak kills the holder of a short lease at full load, until it is believed.
func soak(ctx context.Context, b *bench) error {
	w, f, err := b.ordered(ctx, settings{lease: 2 * time.Second}, 4, b.rate, false)
	if err != nil {
		return err
	}
	defer w.end()
	return w.killAll(ctx, f, b.kills, 5*time.Second, "soak, 4 replicas")
}

// leaders kills the server that leads the consumer, and stops it for a while.
func leaders(ctx context.Context, b *bench) error {
	for _, c := range []struct {
		what  string
		times int
		fault func(*lab.NATS) (mend func() error)
	}{
		{"killed", length(b, 4, 1), func(s *lab.NATS) func() error {
			s.Kill()
			return func() error { return s.Start(ctx) }
		}},
		{"stopped for 20 s", length(b, 2, 0), func(s *lab.NATS) func() error {
			s.Signal(syscall.SIGSTOP)
			at := time.Now().Add(20 * time.Second)
			return func() error {
				sleepUntil(ctx, at)
				s.Signal(syscall.SIGCONT)
				return nil
			}
		}},
	} {
		if err := b.leaders(ctx, c.what, c.times, c.fault); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) leaders(ctx context.Context, what string, n int, fault func(*lab.NATS) func() error) error {
	if n == 0 {
		return nil
	}
	const rate, line = 200, 12 * time.Second
	w, f, err := b.ordered(ctx, settings{}, 4, rate, true)
	if err != nil {
		return err
	}
	defer w.end()
	var worst time.Duration
	for range n {
		leader, err := w.leader(ctx)
		if err != nil {
			return err
		}
		at := time.Now()
		mend := fault(w.servers[leader])
		// What is published at once was on its way; what goes on does so for a while.
		resumed, err := w.resumes(ctx, at)
		if err := mend(); err != nil {
			return err
		}
		if err != nil {
			return err
		}
		w.trace("server %d %s at %v, resumed after %v", leader, what, at, resumed)
		worst = max(worst, resumed)
		if err := w.flows(ctx, 3*rate); err != nil {
			return err
		}
		sleepUntil(ctx, at.Add(20*time.Second)) // The server has caught up.
	}
	t, err := w.finish(ctx, f)
	if err != nil {
		return err
	}
	what = fmt.Sprintf("nats-server that leads %s, %d times, %d/s", what, n, rate)
	b.print(true, t.inOrder(n*connections), "%s: %v (at most %d), longest gap %v", what, t, n*connections, t.gap())
	b.print(false, worst <= line, "%s: resumed after %v at the latest", what, worst.Round(10*time.Millisecond))
	return nil
}

// resumes waits until a second's flow has been published after a fault, and returns when its longest gap had ended.
func (w *world) resumes(ctx context.Context, since time.Time) (time.Duration, error) {
	if err := w.flows(ctx, 200); err != nil {
		return 0, err
	}
	w.account.mu.Lock()
	defer w.account.mu.Unlock()
	longest, last, ended := time.Duration(0), since, since
	for _, one := range w.account.accepted {
		if one.at.Before(since) {
			continue
		}
		if d := one.at.Sub(last); d > longest {
			longest, ended = d, one.at
		}
		last = one.at
	}
	return ended.Sub(since), nil
}

// leader is the number of the server that leads the consumer.
func (w *world) leader(ctx context.Context) (number int, err error) {
	err = lab.Await(ctx, time.Minute, "the consumer has a leader", func() bool {
		within, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		c, err := w.js.Consumer(within, "S", "momento-bridge-s")
		if err != nil || c.CachedInfo().Cluster == nil {
			return false
		}
		number, err = strconv.Atoi(strings.TrimPrefix(c.CachedInfo().Cluster.Leader, "n"))
		return err == nil
	})
	return number, err
}
