package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"momento-bridge/test/lab"
)

// ledger is what has become of messages.
type ledger struct {
	received, published, lost, replaced, other, held int
}

// ledgerOf reads it from the daemon's metrics. Of settled messages, none is lost here but by policy.
func ledgerOf(d *lab.Daemon) ledger {
	m := d.Metrics()
	l := ledger{
		received: int(m.Sum("momento_bridge_messages_received_total", "")),
		lost:     int(m.Sum("momento_bridge_source_dropped_total", "")),
		held: int(m.Sum("momento_bridge_messages_queued", "") +
			m.Sum("momento_bridge_messages_in_flight", "")),
	}
	for outcome, n := range m.By("momento_bridge_messages_settled_total", "outcome") {
		switch outcome {
		case "published":
			l.published += n
		case "rejected", "dropped", "replaced", "shed":
			l.replaced += n
		default:
			l.other += n
		}
	}
	return l
}

// settle waits until n messages are accounted for and have ended.
func (b *bench) settle(ctx context.Context, d *lab.Daemon, n int) (l ledger) {
	_ = lab.Await(ctx, 2*time.Minute, "everything ended", func() bool {
		l = ledgerOf(d)
		return l.received+l.lost == n && l.held == 0
	})
	return l
}

// row is a line of the table.
func (b *bench) row(title, program string, n int, l ledger, memory int, took time.Duration) {
	fmt.Fprintf(b.table, "%s\t%s\t%d\t%d\t%d\t%d\t%d MiB\t%.1f s\n", title, program, n, l.published, l.lost, l.replaced,
		memory>>20, took.Seconds())
}

// latest gives keep-latest more topics than there is memory for, and fewer, twice each, while nothing is published.
func (b *bench) latest(ctx context.Context) error {
	places, few, many := 262_144, 200_000, 500_000
	if b.short {
		places, few, many = 4096, 3000, 8000
	}
	for _, topics := range []int{few, many} {
		more := fmt.Sprintf("queue: {max_bytes: %d}\nshutdown_timeout: 2s\n", places*size)
		d, err := b.StartConfigured(ctx, b.config(1, "latest.>", "1", "keep-latest", more))
		if err != nil {
			return err
		}
		defer d.Kill()
		began := time.Now()
		if err := b.publish(lab.Subjects("latest", topics), 2*topics, size); err != nil {
			return err
		}
		var l ledger
		_ = lab.Await(ctx, time.Minute, "everything accounted for", func() bool {
			l = ledgerOf(d)
			return l.received+l.lost == 2*topics
		})
		title := fmt.Sprintf("keep-latest, %d topics twice", topics)
		b.row(title, "daemon", 2*topics, l, d.Memory(), time.Since(began))
		kept := min(places, topics)
		if l.lost > 0 || l.received != 2*topics || l.held < kept-100 || l.held > kept {
			b.fails("%s: %+v, want %d held and none lost", title, l, kept)
		}
		_ = d.Stop()
	}
	return nil
}

// stop sends SIGTERM with many messages waiting that cannot be published.
func (b *bench) stop(ctx context.Context) error {
	n, budget := 1_000_000, 5*time.Second
	if b.short {
		n, budget = 50_000, 3*time.Second
	}
	for _, topics := range []int{1, n} {
		if err := b.stopWith(ctx, n, topics, budget); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) stopWith(ctx context.Context, n, topics int, budget time.Duration) error {
	silent, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0") // It accepts, and never answers.
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer silent.Close()
	more := fmt.Sprintf("queue: {max_bytes: 512MiB}\nshutdown_timeout: %s\n", budget)
	config := strings.Replace(b.config(1, "stop.>", "unlimited", "block", more), b.endpoint.Address,
		silent.Addr().String(), 1)
	d, err := b.StartConfigured(ctx, config)
	if err != nil {
		return err
	}
	defer d.Kill()
	idle := d.Memory()
	if err := b.publish(lab.Subjects("stop", topics), n, 64); err != nil {
		return err
	}
	var l ledger
	_ = lab.Await(ctx, time.Minute, "everything held", func() bool { l = ledgerOf(d); return l.received+l.lost == n })
	if l.lost > 0 || l.held != n {
		b.fails("%d of %d are held, %d are lost", l.held, n, l.lost)
	}
	memory := d.Memory()
	title := fmt.Sprintf("SIGTERM with %d of %d topics", n, topics)
	began := time.Now()
	d.Signal(syscall.SIGTERM)
	_, err = d.Wait(budget + 30*time.Second)
	took := time.Since(began)
	b.row(title, "daemon", n, l, memory, took)
	fmt.Fprintf(b.table, "\t\t\t\t\t\t%d B each\t\n", (memory-idle)/n)
	if took > budget || err != nil {
		b.fails("%s: it ends after %v of %v: %v", title, took, budget, err)
	}
	return nil
}
