package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"momento-bridge/admin"
	"momento-bridge/terminal"
)

// statusOptions are the flags of status.
type statusOptions struct {
	daemonFlags

	json     bool
	watch    bool
	live     bool
	group    bool
	natsURL  string
	interval time.Duration
}

// leastInterval is the least time between two questions of --watch.
const leastInterval = 100 * time.Millisecond

func newStatus() *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show whether a running daemon works, and what limits it",
		Long: "Asks a running daemon whether messages flow, how far behind they are and what limits them. The\n" +
			"first line sums it up: ✓ all well, ! slowed down, ✗ broken. With --watch it asks again every\n" +
			"--interval until Ctrl-C. On a terminal it then redraws the display; elsewhere it prints one line\n" +
			"for each answer.\n\n" +
			"With --group it asks all replicas over NATS, each of which has a second to answer, and shows them\n" +
			"in one table: who carries which ordered route, who has which share of the rate.\n\n" +
			"Exit status: 0 when messages flow, 1 when that is degraded (slowed down, paused, some are lost), 2\n" +
			"when something stands still, or when nothing answered. With --group it is that of the worst\n" +
			"member, and at least 1 when a known one did not answer; with --watch that of the last answer.",
		Example: "  momento-bridge status\n  momento-bridge status --watch\n" +
			"  momento-bridge status -c config.yaml --group\n" +
			"  momento-bridge status -c config.yaml --json\n  momento-bridge status --admin 10.0.0.7:9464",
	}
	flags := cmd.Flags()
	o.declare(flags)
	flags.BoolVar(&o.json, "json", false, "print the daemon's answer as it is; with --watch one JSON object a line")
	flags.BoolVar(&o.group, "group", false, "ask all replicas of the group over NATS")
	flags.StringVar(&o.natsURL, "nats-url", "",
		"with --group: NATS servers, separated by commas (default $NATS_URL, then nats://127.0.0.1:4222)")
	flags.BoolVar(&o.live, "live", false,
		"only ask whether the daemon makes progress, as /livez tells: exit status 0, or 1. For health checks")
	flags.BoolVarP(&o.watch, "watch", "w", false, "ask again and again until Ctrl-C")
	flags.DurationVar(&o.interval, "interval", time.Second, "time between two requests with --watch")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if o.interval < leastInterval {
			return &usageError{fmt.Errorf("--interval %v is too short: give at least %v", o.interval, leastInterval)}
		}
		if o.live {
			return o.alive(cmd.Context(), cmd.OutOrStdout())
		}
		client, done, err := o.asker(cmd)
		if err != nil {
			return &usageError{err}
		}
		defer done()
		show := o.once
		if o.watch {
			show = o.watched
		}
		verdict, err := show(cmd.Context(), client, cmd)
		if err != nil {
			return &failure{statusUnreached, err}
		}
		if status := verdict.ExitStatus(); status != statusOK {
			return statusError(status)
		}
		return nil
	}
	return cmd
}

// asker returns whom to ask, and what to call when nobody is asked any more.
func (o *statusOptions) asker(cmd *cobra.Command) (who asker, done func(), err error) {
	switch {
	case o.group && o.admin != "":
		return nil, nil, errors.New("--admin is one daemon's address; --group asks all of them over NATS")
	case o.group:
		group, err := o.newGroupAsker(cmd)
		if err != nil {
			return nil, nil, err
		}
		return group, group.asking.Close, nil
	case o.natsURL != "":
		return nil, nil, errors.New("--nats-url is for --group: without it the daemon's admin listener is asked")
	}
	one, err := o.client(false)
	if err != nil {
		return nil, nil, err
	}
	return oneDaemon{one}, func() {}, nil
}

// readConfiguration reads a configuration file.
func readConfiguration(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf(
			"there is no configuration file %s: check --config; `momento-bridge config example` prints "+
				"one to begin with", path)
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf(
			"the configuration file %s may not be read: give the user that runs this the permission", path)
	case err != nil:
		return nil, fmt.Errorf("read the configuration (--config): %w", err)
	}
	return text, nil
}

// once shows one answer.
func (o *statusOptions) once(ctx context.Context, client asker, cmd *cobra.Command) (admin.Verdict, error) {
	a, err := client.ask(ctx)
	if err != nil {
		return "", err
	}
	w := cmd.OutOrStdout()
	text := strings.Join(a.lines(terminal.PaletteOf(w)), "\n")
	if o.json {
		line, err := a.json(true)
		if err != nil {
			return "", err
		}
		text = string(line)
	}
	_, err = fmt.Fprintln(w, text)
	return a.verdict(), err
}

// watched shows answers until Ctrl-C.
func (o *statusOptions) watched(ctx context.Context, client asker, cmd *cobra.Command) (admin.Verdict, error) {
	w := o.watching(cmd.OutOrStdout(), cmd.ErrOrStderr())
	err := w.run(ctx, client)
	return w.verdict, err
}

func (o *statusOptions) watching(stdout, stderr io.Writer) *statusWatch {
	w := &statusWatch{out: stdout, log: stderr, interval: o.interval, json: o.json, paint: terminal.PaletteOf(stdout)}
	if block := terminal.NewBlock(stdout); block.Live() && !o.json {
		w.block = block
	}
	return w
}
