package main

import (
	"errors"

	"github.com/spf13/cobra"

	"momento-bridge/loadtest/report"
)

func newLoadtestCompare() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "compare A B",
		Short: "Tell whether the limit has changed between two reports",
		Long: "Compares the report.json of an earlier search with that of a later one. It says whether the\n" +
			"limit has changed and by how much, with the interval that the two proofs allow.\n\n" +
			"Exit status: 0 when the limit is unchanged, 3 when it has changed, 4 when one of the two is not\n" +
			"proved.",
		Example: "  momento-bridge loadtest compare monday/report.json friday/report.json",
		Args:    cobra.ExactArgs(2),
	}
	cmd.Flags().StringVar(&format, "format", formatText, "what is printed: text or json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		a, err1 := readSearch(args[0])
		b, err2 := readSearch(args[1])
		if err := errors.Join(err1, err2, (&outputFlags{format: format}).check()); err != nil {
			return &usageError{err}
		}
		c := report.Compare(a, b)
		write := c.WriteText
		if format == formatJSON {
			write = c.WriteJSON
		}
		if err := write(cmd.OutOrStdout()); err != nil {
			return err
		}
		switch {
		case !c.Proved():
			return statusError(statusUnproved)
		case c.Changed():
			return statusError(statusUnmet)
		}
		return nil
	}
	return cmd
}

func newLoadtestReport() *cobra.Command {
	var o outputFlags
	cmd := &cobra.Command{
		Use:   "report FILE",
		Short: "Write a report again, in any format",
		Long: "Prints a report.json. With --out it also writes it again as JSON, web page, Markdown, text and\n" +
			"percentile files.",
		Example: "  momento-bridge loadtest report results/report.json\n" +
			"  momento-bridge loadtest report results/report.json --out again",
		Args: cobra.ExactArgs(1),
	}
	o.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		r, soaked, err := readReport(args[0])
		if err := errors.Join(err, o.check()); err != nil {
			return &usageError{err}
		}
		if soaked != nil {
			return (&soakOptions{output: o}).write(cmd, soaked)
		}
		return o.write(cmd.OutOrStdout(), cmd.ErrOrStderr(), r)
	}
	return cmd
}
