package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"momento-bridge/test/lab"
)

const (
	longMessages  = 1_000_000
	longTime      = 10 * time.Minute
	longRate      = 1000 // Messages a second that come and go meanwhile.
	longSize      = 64
	settledAfter  = 2 * time.Minute
	mostGrowth    = 1.05
	messageMemory = 110 // Of a message that waits, besides its payload; and
	topicMemory   = 160 // of its topic. See the doc of package pipeline.
)

// long has a million messages wait, each of a topic of its own, while others come and go, and looks at the memory. The
// bound is twice what is in use, as the collector lets the heap grow before it clears it.
func (b *bench) long(ctx context.Context) error {
	n, lasts := longMessages, longTime
	if b.short {
		n, lasts = n/10, 20*time.Second
	}
	const more = "queue: {max_bytes: 512MiB}\nshutdown_timeout: 3s\n"
	d, err := b.StartConfigured(ctx, b.config(1, "long.>", strconv.Itoa(longRate), "block", more))
	if err != nil {
		return err
	}
	defer d.Kill()
	idle := d.Memory()
	bound := idle + 2*n*(longSize+messageMemory+topicMemory)
	subjects := lab.Subjects("long", n)
	if err := b.publish(subjects, n, longSize); err != nil {
		return err
	}
	began, payload := time.Now(), make([]byte, longSize)
	sent, peak, settled, last := 0, 0, 0, 0
	for told := began; ctx.Err() == nil && time.Since(began) < lasts; time.Sleep(10 * time.Millisecond) {
		for ; sent < int(time.Since(began).Seconds()*longRate); sent++ {
			if err := b.conn.Publish(subjects[sent%n], payload); err != nil {
				return fmt.Errorf("publish: %w", err)
			}
		}
		last = d.Memory()
		peak = max(peak, last)
		if time.Since(began) < min(settledAfter, lasts/2) {
			settled = max(settled, last)
		}
		if time.Since(told) >= lasts/10 {
			told = time.Now()
			fmt.Printf("  after %v: %d MiB\n", time.Since(began).Round(time.Second), last>>20)
		}
	}
	l := ledgerOf(d)
	b.row(fmt.Sprintf("%d topics wait for %v", n, lasts), "daemon", n+sent, l, peak, time.Since(began))
	fmt.Fprintf(b.table, "\t\t\t\t\t\t%d MiB is the bound\t\n", bound>>20)
	if peak > bound {
		b.fails("%d MiB of memory, more than %d", peak>>20, bound>>20)
	}
	if float64(last) > mostGrowth*float64(settled) {
		b.fails("the memory has grown from %d to %d MiB", settled>>20, last>>20)
	}
	if l.lost > 0 || l.held < n*9/10 || l.received != l.published+l.held {
		b.fails("%+v", l)
	}
	_ = d.Stop() // What waits is lost, as it cannot be published in time.
	return nil
}
