package main

import (
	"errors"

	"github.com/spf13/cobra"

	"momento-bridge/daemon"
)

func newReplay() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Publish dead letters again, and remove those that are published",
		Long: "Publishes the dead letters of the configured routes again, oldest first, and removes each one\n" +
			"that the endpoint accepts. What the endpoint rejects again stays where it is. It uses a share of\n" +
			"the quota, and ends with the last dead letter that was there when it began. It takes the same\n" +
			"configuration as run. The last line of standard output is\n" +
			"replayed=N rejected=N skipped=N left=N.\n\n" +
			"Exit status: 0 when everything selected was replayed, 1 when some of it is still there\n" +
			"or the replay failed.",
		Example: "  momento-bridge replay -c config.yaml --dry-run\n" +
			"  momento-bridge replay -c config.yaml --route orders --reason too_large\n" +
			"  momento-bridge replay -c config.yaml --share 50%",
	}
	s := addSettings(cmd)
	var o daemon.ReplayOptions
	cmd.Flags().StringSliceVar(&o.Routes, "route", nil, "only dead letters of these routes")
	cmd.Flags().StringSliceVar(&o.Reasons, "reason", nil,
		"only dead letters with these reasons, as --dry-run lists them, such as bad_request, too_large, given_up")
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "list what would be replayed, change nothing")
	cmd.Flags().StringVar(&o.Share, "share", "10%",
		"share of limits.rate to use; of the default quota of 10/s where the rate is auto or unlimited")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		outlivePipes() // Ended between a publish and a removal, it would publish again.
		f, p, err := s.load(cmd)
		if err != nil {
			return err
		}
		r, err := daemon.NewReplay(p, o)
		if err != nil {
			return &usageError{err}
		}
		err = r.Run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), logger(f, cmd.ErrOrStderr()))
		if errors.Is(err, daemon.ErrLeft) {
			return errQuiet
		}
		return err
	}
	return cmd
}
