package main

import "github.com/spf13/cobra"

func newLoadtest() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "loadtest",
		Short: "Measure what an account takes, and what the bridge delivers",
		Long: "Sends publishes to your own account, or to the emulator. They count against the account's quota and " +
			"its bill, and displace what else is\n" +
			"published there. compare and report only read what the others have written.",
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SuggestionsMinimumDistance = 2
	cmd.AddCommand(newLoadtestFind(), newLoadtestRate(), newLoadtestCompare(), newLoadtestReport())
	for _, sub := range cmd.Commands() {
		sub.Args = usageArgs(sub.Args)
	}
	return cmd
}
