//go:build !slim

package main

import (
	"errors"

	"github.com/spf13/cobra"

	"momento-bridge/demo"
)

func newDemo() *cobra.Command {
	o := demo.Options{Version: build.Version}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the bridge at work: NATS, an endpoint, the bridge and a generator in one process",
		Long: "Starts a NATS server with JetStream, an endpoint with a quota, the bridge and a generator of\n" +
			"messages, and serves a page that subscribes to a topic. It needs no account and no network. The\n" +
			"generator publishes to a stream (orders: at least once, in order for each topic) and to core\n" +
			"NATS (ticks). The bridge does not know the quota: its rate grows until the endpoint refuses,\n" +
			"within seconds with --quota 100. At the end every message is accounted for.",
		Example: "  momento-bridge demo\n  momento-bridge demo --quota 100   # It meets the quota, and learns it.\n" +
			"  momento-bridge demo --duration 10s --quota 500 --rate 400\n" +
			"  momento-bridge demo --fault 500:2%,429:1%\n" +
			"  momento-bridge demo --fault reset:5%   # The page drops what is published again.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Hurry = hurry(cmd.Context())
			err := demo.Run(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
			if _, wrong := errors.AsType[*demo.OptionError](err); wrong {
				return &usageError{err}
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.DurationVar(&o.Duration, "duration", 0, "end by itself after this time (default: run until Ctrl-C)")
	flags.Float64Var(&o.Quota, "quota", 300, "the endpoint's quota, publishes per second")
	flags.Float64Var(&o.Rate, "rate", 150, "messages per second on average, with a burst now and then")
	flags.IntVar(&o.NATSPort, "nats-port", 0, "port of the NATS server (default: a free one)")
	flags.StringVar(&o.Endpoint, "endpoint-listen", "127.0.0.1:0", "address of the endpoint (default: a free port)")
	flags.StringVar(&o.Admin, "admin-listen", "127.0.0.1:0",
		"address of the bridge's health and metrics (default: a free port)")
	flags.StringVar(&o.Page, "page-listen", "127.0.0.1:0", "address of the subscriber's page (default: a free port)")
	flags.StringVar(&o.Batch, "batch", "packed",
		"batch.format of orders: packed, json, lines, length-prefixed, or none")
	flags.StringVar(&o.Level, "log-level", "error", "lowest level of the bridge's log: debug, info, warn or error")
	flags.StringVar(&o.Format, "log-format", "text", "format of the bridge's log: text, json or auto")
	flags.StringVar(&o.Faults, "fault", "", "faults of the endpoint, such as 500:2%,reset:0.5%")
	return cmd
}
