package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// lookEvery is how often the truth is written down; points and the daemon's samples do not come together.
const lookEvery = 200 * time.Millisecond

// witness runs everything for as long as was asked.
func (w *world) witness(ctx context.Context) error {
	ctx, w.stop = context.WithTimeout(ctx, w.options.lasts)
	for _, l := range w.loads {
		w.running.Go(func() { l.run(ctx, w.chance.float) })
	}
	w.running.Go(func() { w.events.run(ctx) })
	w.running.Go(func() { w.write(ctx) })
	w.running.Go(func() { w.watch(ctx) })
	err := w.play(ctx)
	w.stop()
	w.running.Wait()
	return err
}

// write writes the truth down.
func (w *world) write(ctx context.Context) {
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	for {
		w.look()
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

func (w *world) look() {
	w.truth.look(func(name string) int { return w.endpoint.tally(name).answers["429"] })
}

// play takes one step after the other, and sometimes a second one while the first lasts. Between two it waits until
// nothing waits any more, and a little longer.
func (w *world) play(ctx context.Context) error {
	random := rand.New(rand.NewPCG(w.options.seed, 1))
	for first := true; ; first = false {
		calm := 8*second + time.Duration(random.Int64N(int64(10*second)))
		if !w.recover(ctx, first) || !sleep(ctx, calm) {
			return nil
		}
		fault, s := draw(random, w.options.only, w.names())
		other, then := draw(random, w.options.only, w.names())
		at := time.Duration(random.Float64() * .7 * float64(s.Lasts))
		both := random.Float64() < w.options.both && other.rig != fault.rig
		var err error
		if !both {
			err = w.take(ctx, fault, s, 0)
		} else {
			errs := make(chan error, 1)
			go func() { errs <- w.take(ctx, other, then, at) }()
			err = w.take(ctx, fault, s, 0)
			err = errors.Join(err, <-errs)
		}
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// take takes a step after a while. It returns when that is over.
func (w *world) take(ctx context.Context, f *fault, s *step, after time.Duration) error {
	if !sleep(ctx, after) {
		return nil
	}
	if w.options.verbose {
		fmt.Printf("%.0fs: %v\n", time.Since(w.report.began).Seconds(), s)
	}
	d := w.past.begin(s)
	if err := f.begin(ctx, w, s); err != nil {
		return failed(ctx, s, err)
	}
	sleep(ctx, s.Lasts)
	err := f.end(ctx, w, s)
	w.past.end(d)
	return failed(ctx, s, err)
}

// failed is the error of a step; none if it came as everything ends.
func failed(ctx context.Context, s *step, err error) error {
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%s: %w", s.Kind, err)
	}
	return nil
}

// mostRecovery is how long a backlog may take to be gone.
const mostRecovery = 90 * second

// recover waits until nothing is old. It reports whether to go on.
func (w *world) recover(ctx context.Context, first bool) bool {
	for began := time.Now(); time.Since(began) < mostRecovery; {
		if !sleep(ctx, second) {
			return false
		}
		old := first && time.Since(began) < rebind
		for i := range w.routes {
			if w.routes[i].counted() {
				points := w.truth.window(w.routes[i].name, time.Now())
				old = old || len(points) > 0 && points[0].oldest > 2*second
			}
		}
		if !old {
			return true
		}
	}
	w.report.add(&finding{Kind: "backlog", Owner: "wit", Text: "not gone 90 s after the end of a fault"})
	return true
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// commandEvery is how rarely, in seconds, `status` is run: to start a program is dear.
const commandEvery = 5

// watch looks at all places each second.
func (w *world) watch(ctx context.Context) {
	ticks := time.NewTicker(second)
	defer ticks.Stop()
	number := 0
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		w.report.tick()
		o, ok := w.observe(ctx, n%commandEvery == 0)
		if ctx.Err() != nil {
			return
		}
		if !ok {
			if m := w.past.moment(); m.up() && o.moment.number == m.number {
				w.report.suspect(&finding{Kind: "silent", Owner: "ctl", Text: "the daemon does not answer"}, 1)
			}
			continue
		}
		w.compare(ctx, o, o.number != number)
		number = o.number
	}
}

// compare compares everything of one second.
func (w *world) compare(ctx context.Context, o *observation, newEvent bool) {
	tell := func(ticks int, what string, places []string, all []contradiction) {
		w.report.checked(what)
		for _, c := range all {
			w.report.suspect(&finding{
				Kind: c.kind, Owner: c.owner, Route: c.route, Text: c.text, Places: places,
				A: fmt.Sprint(value(c.a)), B: fmt.Sprint(value(c.b)),
			}, cmp.Or(flickers[c.text], ticks))
		}
	}
	tell(1, "status", []string{"/api/v1/status"}, append(within(&o.before), within(&o.after)...))
	if newEvent {
		tell(1, "events", []string{"/api/v1/events", "page"}, append(within(&o.event.Status), shown(o.event)...))
	}
	tell(1, "problems", []string{"/api/v1/status"}, counted(o))
	tell(3, "places", []string{"/api/v1/status", "page, /metrics, /readyz"}, between(o))
	if o.text != "" {
		tell(1, "command", []string{"/api/v1/status", "status"}, w.commanded(ctx, o))
	}
	truthful := []string{"/api/v1/status", "the truth"}
	tell(1, "counts", truthful, w.judgeCounts(o))
	tell(2, "problems", truthful, w.judgeProblems(o))
	tell(2, "losses", truthful, w.judgeLosses(o))
	tell(2, "quota", truthful, w.judgeQuota(o))
	tell(2, "state", truthful, w.judgeState(o))
	tell(2, "routes", truthful, w.judgeRoutes(o))
	tell(2, "waiting", truthful, w.judgeWaiting(o))
	tell(2, "rates", truthful, w.judgeRates(o))
	tell(1, "forecasts", truthful, w.judgeForecasts(o))
}

// flickers are contradictions of what changes within milliseconds, and back: they must last for so many seconds.
var flickers = map[string]int{otherLimit: 8}

// value is what a pointer points to.
func value(v any) any {
	switch v := v.(type) {
	case *float64:
		if v != nil {
			return *v
		}
	case *int64:
		if v != nil {
			return *v
		}
	}
	return v
}
