package main

import (
	"os"

	"github.com/spf13/cobra"

	"momento-bridge/config"
	"momento-bridge/daemon"
)

func newRun() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the bridge until it is told to stop",
		Long: "Carries messages from NATS to Momento Topics until SIGTERM or SIGINT, then hands back what it has not " +
			"started, finishes what is\n" +
			"in flight and exits: 0 when everything it held was settled, 1 when the shutdown budget ran out first. A " +
			"second signal,\n" +
			"two seconds after the first or later, ends it at once. At SIGHUP the configuration is read again: " +
			"limits, weights and ceilings of routes take\n" +
			"effect. Routes are described in a file, or one route by flags.",
		Example: "  momento-bridge run -c /etc/momento-bridge/config.yaml\n" +
			"  momento-bridge run --subject 'ticks.>' --cache my-cache --region us-east-1 --api-key-file key.txt\n" +
			"  momento-bridge run --stream ORDERS --subject 'orders.>' --cache my-cache --topic " +
			"'orders-{{wildcard(1)}}' --region us-east-1",
	}
	s := addSettings(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		outlivePipes()
		f, p, err := s.load(cmd)
		if err != nil {
			return err
		}
		if err := p.FirstKey(cmd.Context()); err != nil {
			return err
		}
		log := logger(f, cmd.ErrOrStderr())
		p.Announce(cmd.ErrOrStderr(), log, version)
		hangups, stop := hangups()
		defer stop()
		b, err := daemon.New(daemon.Config{
			Plan: p, Version: version, Getenv: os.Getenv, Hurry: hurry(cmd.Context()), Hangups: hangups,
			Reload: func() (*config.File, error) {
				next, _, err := s.load(cmd)
				return next, err
			},
		}, log)
		if err != nil {
			return err
		}
		return b.Run(cmd.Context())
	}
	return cmd
}
