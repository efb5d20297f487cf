package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"momento-bridge/config"
	"momento-bridge/daemon"
	"momento-bridge/printable"
	"momento-bridge/terminal"
)

// pauseBetween is the time between two messages, so that they do not compete with what is carried.
const pauseBetween = 200 * time.Millisecond

func newCanary() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "canary",
		Short: "Send a message through the bridge and back: does it arrive, how fast",
		Long: "Sends a message of its own into NATS, through a bridge, and listens for it at Momento: does it\n" +
			"get through, and how fast? It goes through a running bridge of the same limits.group that has a\n" +
			"canary (canary.every), and else through a bridge in this process. Of a configuration it takes\n" +
			"NATS, endpoint, key, quota and canary. A message costs a publish, a delivery and a long poll.\n\n" +
			"Exit status: 0 when every message got through, 1 when one did not, 2 for a mistake in the\n" +
			"command line or the configuration, 130 when it was stopped before.",
		Example: "  momento-bridge canary -c config.yaml\n" +
			"  momento-bridge canary --cache my-cache --region us-east-1 --api-key-file key.txt --count 5",
	}
	s := addCanarySettings(cmd)
	count, timeout := 1, 15*time.Second
	cmd.Flags().IntVar(&count, "count", count, "how many messages to send, one after the other")
	cmd.Flags().DurationVar(&timeout, "timeout", timeout, "how long a message may take")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if count < 1 || timeout <= 0 {
			return &usageError{errors.New("--count must be at least 1, and --timeout more than 0s")}
		}
		if s.file == "" && !cmd.Flags().Changed("cache") {
			return &usageError{errors.New("--cache or --config is needed: name the cache to publish to, or the " +
				"daemon's configuration file")}
		}
		f, p, err := s.load(cmd)
		if err != nil {
			return err
		}
		t, err := daemon.NewCanaryTry(p, timeout, logger(f, io.Discard))
		if err != nil {
			return &usageError{err}
		}
		defer t.Close()
		if err := t.Open(cmd.Context()); err != nil {
			if cmd.Context().Err() != nil {
				return daemon.ErrInterrupted
			}
			return err
		}
		return sendCanaries(cmd.Context(), cmd.OutOrStdout(), t, count)
	}
	return cmd
}

// addCanarySettings declares the flags for where a canary goes. What routes consume does not matter to it.
func addCanarySettings(cmd *cobra.Command) *settings {
	s := &settings{flags: []settingFlag{
		{name: "nats-url", path: "nats.url"},
		{name: "region", path: "momento.region"},
		{name: "endpoint", path: "momento.endpoint"},
		{name: "api-key-file", path: "momento.api_key_file"},
		{name: "rate", path: "limits.rate"},
		{name: "cache", path: "canary.cache"},
		{name: "topic", path: "canary.topic"},
	}}
	s.declare(cmd, settingHelp(map[string]string{
		"cache": "the cache to publish to (default canary.cache, then the cache of all routes)",
		"topic": "the topic to publish to (default canary.topic, which is momento-bridge-canary)",
	}))
	s.complete = func(f *config.File) {
		if s.file == "" { // A configuration needs a route.
			f.AddRoute(routeName)
			f.Routes[0].Subject, f.Routes[0].Cache = "momento-bridge.canary", f.Canary.Cache
		}
	}
	return s
}

// sendCanaries sends messages one after the other until it is stopped, and prints what becomes of them.
func sendCanaries(ctx context.Context, out io.Writer, t *daemon.CanaryTry, count int) error {
	paint := terminal.PaletteOf(out)
	var took []time.Duration
	n := 0
	for ; n < count; n++ {
		if n > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(pauseBetween):
			}
		}
		p := t.Pass(ctx, uint64(n)+1)
		if p.Why != "" && ctx.Err() != nil {
			break // Nobody waited for it.
		}
		mark := terminal.Good
		if p.Why != "" {
			mark = terminal.Bad
		} else {
			took = append(took, p.Seen)
		}
		fmt.Fprintln(out, paint.Paint(mark, mark.String()+" "+printable.Line(passageText(&p))))
	}
	if count > 1 {
		fmt.Fprintln(out, passagesText(t, took, n))
	}
	switch {
	case n < count:
		return daemon.ErrInterrupted
	case len(took) < count:
		return errQuiet
	}
	return nil
}

// passageText is how a message got on, in a line.
func passageText(p *daemon.CanaryPassage) string {
	text := "got through in " + since(p.Seen)
	if p.Why != "" {
		text = "did not get through: " + p.Why
	}
	if p.Bridge == "" {
		return text
	}
	if p.Taken == 0 { // It was turned away.
		return text + fmt.Sprintf(" (by the bridge %s)", p.Bridge)
	}
	text += fmt.Sprintf(" (after %s with the bridge %s", since(p.Taken), p.Bridge)
	if p.Accepted > 0 {
		text += fmt.Sprintf(", after %s accepted by the endpoint", since(p.Accepted))
	}
	return text + ")"
}

func passagesText(t *daemon.CanaryTry, took []time.Duration, count int) string {
	text := fmt.Sprintf("%d of %d got through to %s", len(took), count, t.To())
	if len(took) == 0 {
		return text
	}
	slices.Sort(took)
	median := (took[(len(took)-1)/2] + took[len(took)/2]) / 2
	return text + fmt.Sprintf("; median %s, slowest %s", since(median), since(took[len(took)-1]))
}

func since(d time.Duration) string { return terminal.Seconds(d.Seconds()) }
