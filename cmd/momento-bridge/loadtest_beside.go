package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"momento-bridge/config"
	"momento-bridge/daemon"
	"momento-bridge/loadtest"
)

// besideFlags are the flags of the load tests that say how they get along with daemons that publish to the same
// account.
type besideFlags struct {
	within bool // Publish within the quota that the daemons share.
	yes    bool // Do not ask before it begins.
}

func (b *besideFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&b.within, "within-quota", false,
		"publish only what the daemons of the group leave: an equal part of the quota that they share, over NATS")
	cmd.Flags().BoolVarP(&b.yes, "yes", "y", false, "do not ask before it begins")
}

// beside is what is known of the daemons before a test begins.
type beside struct {
	conn  *nats.Conn     // nil: there is none.
	heard *daemon.Beside // nil: nothing could be heard.
	text  string         // For people.
}

func (b *beside) close() {
	if b.conn != nil {
		b.conn.Close()
	}
}

// there reports whether daemons were heard.
func (b *beside) there() bool { return b.heard != nil && b.heard.Members > 0 }

var errNoGroup = errors.New("--within-quota needs to hear the daemons")

// hear listens for the daemons. What keeps it from that is an error only if the test is to be within their quota.
func (b *besideFlags) hear(cmd *cobra.Command, t *targetFlags) (*beside, error) {
	found := &beside{}
	if err := found.listen(cmd.Context(), t, b.within); err != nil {
		if found.close(); cmd.Context().Err() != nil {
			return nil, daemon.ErrInterrupted
		}
		if b.within {
			return nil, fmt.Errorf("%w: %w", errNoGroup, err)
		}
		return &beside{text: "it is not known whether some publish to this account, too: " + err.Error()}, nil
	}
	found.text = found.heard.String()
	switch {
	case !found.there():
	case b.within:
		found.text += "; the test takes an equal part of their quota"
	default:
		found.text += "; the test uses the same quota, so that they are refused more; --within-quota takes no more " +
			"than an equal part of it"
	}
	return found, nil
}

func (b *beside) listen(ctx context.Context, t *targetFlags, within bool) error {
	if !t.natsKnown {
		return errors.New("no NATS address is known on which they tell; give --nats-url, $NATS_URL, or the daemon's " +
			"configuration (-c)")
	}
	if !t.shared {
		return errors.New("limits.shared is false, so that daemons do not tell of themselves")
	}
	var err error
	if b.conn, err = t.plan.ConnectNATS(ctx, slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	if b.heard, err = t.plan.Beside(ctx, b.conn); err != nil {
		return err
	}
	if !within {
		b.close()
	}
	return nil
}

// visit makes the test a guest of the group until the function that it returns is called.
func (b *beside) visit(ctx context.Context, t *targetFlags, rate float64, burst int) (g *daemon.Guest, leave func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	g = t.plan.Visit(ctx, &running, b.conn, daemon.GuestConfig{
		Rate: rate, Burst: burst, Bytes: t.size, Unit: b.heard.Unit,
	})
	return g, func() {
		g.Leave()
		_ = b.conn.Flush()
		cancel()
		running.Wait()
		b.close()
	}
}

// natsKnown reports whether a configuration says where NATS is.
func natsKnown(f *config.File, fromFile bool) bool {
	return fromFile || f.Has("nats.url") || f.NATS.Context != ""
}

var _ loadtest.Quota = (*daemon.Guest)(nil)
