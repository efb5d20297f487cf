package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"momento-bridge/test/lab"
)

// settleTime is what a daemon has to come to rest after its start: until then it makes sure of the order.
const settleTime = 75 * time.Second

// kinds are what idle routes may be: every so many of them is one of core NATS, the others are of a stream.
var kinds = [...]struct {
	name string
	core int // 0: none is.
}{{"of a stream", 0}, {"of core NATS", 1}, {"of both kinds", 2}}

// rest measures daemons with many routes that have nothing to do.
func (b *bench) rest(ctx context.Context) error {
	programs := []string{b.Bridge}
	if b.other != "" {
		programs = append(programs, b.other)
	}
	for _, kind := range kinds {
		for _, program := range programs {
			b.Bridge = program
			if err := b.restOf(ctx, kind.name, kind.core); err != nil {
				return fmt.Errorf("%s: %w", kind.name, err)
			}
		}
	}
	return nil
}

func (b *bench) restOf(ctx context.Context, name string, core int) error {
	file, err := b.Write("config.yaml", b.idleConfig(core))
	if err != nil {
		return err
	}
	d := b.NewDaemon("-c", file)
	if err := d.Start(); err != nil {
		return err
	}
	defer d.Kill()
	if err := lab.Await(ctx, 5*time.Minute, "the daemon is ready", d.Ready); err != nil { // It makes the consumers.
		return err
	}
	time.Sleep(settleTime)
	own, server := d.CPU(), b.NATS.CPU()
	time.Sleep(b.idleTime)
	own, server = d.CPU()-own, b.NATS.CPU()-server
	percent := func(used time.Duration) float64 { return 100 * used.Seconds() / b.idleTime.Seconds() }
	which := ""
	if b.Bridge == b.other {
		which = ", " + b.other
	}
	fmt.Printf("  %d idle routes %s%s, over %v: %.2f %% of a core, nats-server %.2f %%, %.1f MiB resident\n", b.idle,
		name, which, b.idleTime, percent(own), percent(server), float64(d.Memory())/(1<<20))
	return d.Stop()
}

// idleConfig is that of routes that nothing comes for.
func (b *bench) idleConfig(core int) string {
	var text strings.Builder
	b.begin(&text)
	for i := range b.idle {
		from := fmt.Sprintf("stream: %s, consumer: %s%d", hot, consumer, i)
		if core > 0 && i%core == 0 {
			from = "ordering: none"
		}
		fmt.Fprintf(&text, "  - {name: r%d, %s, subject: %s.idle.%d, cache: bench}\n", i, from, hot, i)
	}
	return text.String()
}
