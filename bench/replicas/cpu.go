package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cpu compares a daemon alone with one that shares its quota and holds a lease, in pairs that run at the same time. In
// each pair both carry the same messages.
func cpu(ctx context.Context, b *bench) error {
	const rate = 1000
	rounds, period := length(b, 9, 1), length(b, 20*time.Second, 5*time.Second)
	w, err := b.world(ctx, settings{})
	if err != nil {
		return err
	}
	defer w.end()
	if err := w.stream(ctx, "A", "a"); err != nil {
		return err
	}
	var ratios []float64
	var with, without, servers time.Duration
	messages := 0
	pair := func(aloneFirst bool) error {
		var ids [2]*replica
		for i := range 2 {
			alone := (i == 0) == aloneFirst
			at := 0
			if !alone {
				at = 1
			}
			var err error
			if ids[at], err = w.startAs(ctx, alone); err != nil {
				return err
			}
		}
		sleepUntil(ctx, time.Now().Add(3*time.Second))
		var used [2]time.Duration
		for i, r := range ids {
			used[i] = -threadTime(r.PID())
		}
		servers -= w.serverTime()
		messages -= w.account.count()
		sleepUntil(ctx, time.Now().Add(period))
		for i, r := range ids {
			used[i] += threadTime(r.PID())
		}
		servers += w.serverTime()
		messages += w.account.count()
		without, with = without+used[0], with+used[1]
		ratios = append(ratios, float64(used[1])/float64(used[0]))
		for _, r := range ids {
			if err := w.stop(r); err != nil {
				return err
			}
		}
		return nil
	}
	one, other := w.feed(ctx, "s", rate, false), w.feed(ctx, "a", rate, false)
	defer func() {
		for _, f := range []*feeding{one, other} {
			close(f.stop)
			f.done.Wait()
		}
	}()
	for i := range rounds {
		b.progress("cpu: pair %d of %d", i+1, rounds)
		if err := pair(i%2 == 0); err != nil {
			return err
		}
	}
	slices.Sort(ratios)
	median := ratios[len(ratios)/2]
	b.print(false, median <= 1.01, "CPU with coordination by CPU without, %d/s, %d pairs: median %.3f (%.3f to %.3f), "+
		"sums %.3f", rate, rounds, median, ratios[0], ratios[len(ratios)-1], float64(with)/float64(without))
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(max(1, messages)) }
	b.print(false, true, "CPU of each message at %d/s: the daemon %.1f µs, the three nats-servers together %.1f µs", rate,
		each(with+without), each(servers))
	return nil
}

// startAs starts a replica of the stream S that coordinates, or one of the stream A that is alone.
func (w *world) startAs(ctx context.Context, alone bool) (*replica, error) {
	before, plain := w.settings, w.b.plain
	defer func() { w.settings, w.b.plain = before, plain }()
	w.settings.routes = "  - {name: s, stream: S, subject: \"s.>\", cache: bench, ordering: topic}\n"
	if alone {
		w.b.plain = true
		w.settings.routes = "  - {name: a, stream: A, subject: \"a.>\", cache: bench, ordering: topic}\n"
	}
	return w.startReady(ctx)
}

// serverTime is the CPU time of all servers.
func (w *world) serverTime() (sum time.Duration) {
	for _, s := range w.servers {
		sum += threadTime(s.PID())
	}
	return sum
}

// threadTime is the CPU time of all threads that a process has, by the scheduler, to the nanosecond.
func threadTime(pid int) (sum time.Duration) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		first, _, _ := strings.Cut(string(text), " ")
		ns, _ := strconv.ParseInt(first, 10, 64)
		sum += time.Duration(ns)
	}
	return sum
}
