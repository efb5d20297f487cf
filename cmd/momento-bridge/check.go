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
		Long: "Reads the configuration as run does, prints every problem with its place, and otherwise what run " +
			"would do and which settings\n" +
			"it derives, each check in a line with ✓, ! or ✗. With --online it also tries NATS, the consumers, the " +
			"streams of dead letters, the\n" +
			"token vending machine and the endpoint, without publishing. The last line is the verdict. Exit status 2 " +
			"when the configuration has\n" +
			"problems, 1 when a check failed.",
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
