package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"momento-bridge/config"
	"momento-bridge/terminal"
)

func newCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check a configuration and print the settings derived from it",
		Long: "Reads the configuration as run does. It prints every problem with its place in the file. If\n" +
			"there is none it prints the settings that run would use, one check a line, marked ✓, ! or ✗.\n" +
			"With --online it also tries NATS, the consumers, the streams of dead letters, the token vending\n" +
			"machine and the endpoint. It publishes nothing. The last line is the verdict.\n\n" +
			"Exit status: 0 when run can start, 1 when a check failed, 2 when the configuration has problems.",
		Example: "  momento-bridge check -c config.yaml\n  momento-bridge check -c config.yaml --online",
	}
	s := addSettings(cmd)
	online := cmd.Flags().Bool("online", false, "also try NATS, the consumers and the endpoint, without publishing")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		list := newChecklist(cmd.OutOrStdout())
		_, p, err := s.load(cmd)
		if invalid, ok := errors.AsType[*config.InvalidError](err); ok {
			list.line(terminal.Bad, terminal.Plural(len(invalid.Problems), "problem")+" in the configuration")
		}
		if err != nil {
			return err
		}
		if err := p.Check(list); err != nil {
			return err
		}
		if !*online {
			return list.verdict(", as far as the configuration tells: --online tries NATS and the endpoint, too")
		}
		fmt.Fprintln(list.w)
		p.CheckOnline(cmd.Context(), list)
		return list.verdict(
			": what only a publish shows is whether the endpoint accepts the API key for these caches and topics")
	}
	return cmd
}
