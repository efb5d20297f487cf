package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"strconv"
	"time"
)

const parts = 8

// partitions has a route of eight partitions on one replica, then four, then two.
func partitions(ctx context.Context, b *bench) error {
	const rate = 500
	w, f, err := b.ordered(ctx, settings{
		routes: fmt.Sprintf("  - {name: s, stream: S, subject: \"s.*\", cache: bench, ordering: topic, "+
			"partitions: %d}\n", parts),
	}, 1, rate, false)
	if err != nil {
		return err
	}
	defer w.end()
	for range 3 {
		if _, err := w.startReady(ctx); err != nil {
			return err
		}
	}
	if err := w.divided(ctx, "1 to 4 replicas"); err != nil {
		return err
	}
	for range 2 {
		if err := w.stop(w.replicas[0]); err != nil {
			return err
		}
	}
	if err := w.divided(ctx, "4 to 2 replicas"); err != nil {
		return err
	}
	t, err := w.finish(ctx, f)
	if err != nil {
		return err
	}
	b.print(true, t.clean(), "%d partitions, 1 to 4 to 2 replicas, %d/s: %v, longest gap of all %v", parts, rate, t,
		t.gap())
	if b.short {
		return nil
	}
	return b.partitionKills(ctx)
}

// divided waits ten seconds and judges who publishes which partitions in the two seconds after.
func (w *world) divided(ctx context.Context, what string) error {
	sleepUntil(ctx, time.Now().Add(10*time.Second))
	from := time.Now()
	sleepUntil(ctx, from.Add(2*time.Second))
	holders := w.account.holders(from)
	by, shared := map[int16]int{}, 0
	for _, who := range holders {
		if len(who) > 1 {
			shared++
		}
		for one := range who {
			by[one]++
		}
	}
	most, line := 0, (parts+len(w.replicas)-1)/len(w.replicas)
	for _, n := range by {
		most = max(most, n)
	}
	w.b.print(false, most <= line && shared == 0 && len(holders) == parts,
		"%d partitions, %s: %d of %d publish, %d partitions at most on one (line %d), %d moved in two seconds", parts,
		what, len(by), len(w.replicas), most, line, shared)
	return nil
}

// holders are the replicas that published each partition since a moment.
func (a *account) holders(since time.Time) map[int]map[int16]bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := map[int]map[int16]bool{}
	for _, one := range a.accepted {
		if one.at.Before(since) {
			continue
		}
		p := partition(int(one.topic))
		if all[p] == nil {
			all[p] = map[int16]bool{}
		}
		all[p][one.who] = true
	}
	return all
}

// partition is that of a topic's subject, as NATS reckons it.
func partition(topic int) int {
	h := fnv.New32a()
	h.Write([]byte(strconv.Itoa(topic)))
	return int(h.Sum32() % parts)
}

// partitionKills kills one replica of four again and again.
func (b *bench) partitionKills(ctx context.Context) error {
	const rate, n = 500, 6
	w, f, err := b.ordered(ctx, settings{
		routes: fmt.Sprintf("  - {name: s, stream: S, subject: \"s.*\", cache: bench, ordering: topic, "+
			"partitions: %d}\n", parts),
	}, 4, rate, false)
	if err != nil {
		return err
	}
	defer w.end()
	sleepUntil(ctx, time.Now().Add(8*time.Second))
	for range n {
		w.kill(w.replicas[0])
		if _, err := w.startReady(ctx); err != nil {
			return err
		}
		sleepUntil(ctx, time.Now().Add(10*time.Second))
	}
	t, err := w.finish(ctx, f)
	if err != nil {
		return err
	}
	b.print(true, t.inOrder(n*connections), "%d partitions, one of 4 replicas killed, %d times, %d/s: %v (at most %d), "+
		"longest gap of all %v, of a topic %v", parts, n, rate, t, n*connections, t.gap(), w.account.topicGap())
	return nil
}

// topicGap is the longest time without a publish of any one topic.
func (a *account) topicGap() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	last, worst := map[int16]time.Time{}, time.Duration(0)
	for _, one := range a.accepted {
		if before, known := last[one.topic]; known {
			worst = max(worst, one.at.Sub(before))
		}
		last[one.topic] = one.at
	}
	return worst.Round(10 * time.Millisecond)
}
