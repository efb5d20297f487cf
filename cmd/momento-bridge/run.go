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
		Long: "Carries messages from NATS to Momento Topics until SIGTERM or SIGINT. The configuration is a\n" +
			"file, or flags that describe one route.\n\n" +
			"At SIGTERM it hands back to NATS what it has not begun to publish, and finishes what is in\n" +
			"flight. It exits with 0 when everything that it held is settled, and with 1 when\n" +
			"shutdown_timeout ran out first. A second signal, two seconds or more after the first, ends it\n" +
			"at once. SIGHUP reads the configuration again and puts limits and routes in force, as\n" +
			"`momento-bridge reload` does. Other changes need a restart.",
		Example: "  momento-bridge run -c /etc/momento-bridge/config.yaml\n" +
			"  momento-bridge run --subject 'ticks.>' --cache my-cache --region us-east-1 \\\n" +
			"    --api-key-file key.txt\n" +
			"  momento-bridge run --stream ORDERS --subject 'orders.>' --cache my-cache \\\n" +
			"    --topic 'orders-{{wildcard(1)}}' --region us-east-1",
	}
	s := addSettings(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		outlivePipes()
		hangups, stop := hangups()
		defer stop()
		b, err := begin(cmd, s, hangups)
		if err != nil {
			daemon.TellManager(os.Getenv, safe(err.Error()))
			return err
		}
		return b.Run(cmd.Context())
	}
	return cmd
}

// begin makes the daemon that the settings describe.
func begin(cmd *cobra.Command, s *settings, hangups <-chan os.Signal) (*daemon.Daemon, error) {
	f, p, err := s.load(cmd)
	if err != nil {
		return nil, err
	}
	if err := p.FirstKey(cmd.Context()); err != nil {
		return nil, err
	}
	log := logger(f, cmd.ErrOrStderr())
	p.Announce(cmd.ErrOrStderr(), log, build.Version)
	return daemon.New(daemon.Config{
		Plan: p, Version: build.Version, Getenv: os.Getenv, Hurry: hurry(cmd.Context()), Hangups: hangups,
		Reload: func() (*config.File, error) {
			next, _, err := s.load(cmd)
			return next, err
		},
	}, log)
}
