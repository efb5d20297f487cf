package main

import "github.com/spf13/cobra"

func newLoadtest() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "loadtest",
		Short: "Measure what an account accepts, and what the bridge delivers",
		Long: "Measures your own account, or the emulator. find, rate and soak publish: that counts\n" +
			"against the account's quota and its bill, and leaves less for everything else that publishes\n" +
			"there. compare and report only read the reports that those have written.",
		Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SuggestionsMinimumDistance = 2
	cmd.AddCommand(newLoadtestFind(), newLoadtestRate(), newLoadtestSoak(), newLoadtestCompare(), newLoadtestReport())
	for _, sub := range cmd.Commands() {
		sub.Args = usageArgs(sub.Args)
	}
	return cmd
}
