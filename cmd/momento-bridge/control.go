package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"momento-bridge/printable"
)

// controlHelp is what the help of all commands that control a daemon ends with.
const controlHelp = "\n\nWho may do that is said by admin.control: by default whoever runs this on the daemon's own\n" +
	"machine. Elsewhere it takes --token-file, or a client certificate."

func newPause() *cobra.Command {
	return newPausing("pause", true,
		"Pause a route of a running daemon, or all of them",
		"Stops publishing for a route, or for all. What is in flight is finished; streams keep what\n"+
			"comes meanwhile, and what comes from core NATS waits in memory. A pause lasts until `resume`. It\n"+
			"outlasts a restart of the daemon where it has a state_dir; the answer says so."+controlHelp)
}

func newResume() *cobra.Command {
	return newPausing("resume", false,
		"Let a paused route of a running daemon go on, or all of them",
		"Lets a paused route, or all of them, go on at once."+controlHelp)
}

func newPausing(name string, paused bool, short, long string) *cobra.Command {
	var o daemonFlags
	cmd := &cobra.Command{
		Use: name + " [ROUTE]", Short: short, Long: long, Args: cobra.MaximumNArgs(1),
		Example: "  momento-bridge " + name + " orders\n  momento-bridge " + name + " -c config.yaml\n" +
			"  momento-bridge " + name + " orders --admin bridge.internal:9464 --token-file token.txt",
	}
	o.declareControl(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		route, what := "", "all routes"
		if len(args) > 0 {
			if route, what = args[0], args[0]; route == "" {
				return &usageError{errors.New("the name of the route is empty: leave it out for all routes")}
			}
		}
		daemon, err := o.client(true)
		if err != nil {
			return &usageError{err}
		}
		text, err := daemon.Pause(cmd.Context(), route, paused)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", printable.Line(what), text)
		return err
	}
	return cmd
}

func newReload() *cobra.Command {
	var o daemonFlags
	cmd := &cobra.Command{
		Use:   "reload",
		Short: "Let a running daemon read its configuration again",
		Long: "Lets the daemon read its configuration again, as SIGHUP does, and tells what has changed and what\n" +
			"takes a restart. A configuration with problems changes nothing: they are printed." + controlHelp,
		Example: "  momento-bridge reload\n  momento-bridge reload -c config.yaml",
	}
	o.declareControl(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		daemon, err := o.client(true)
		if err != nil {
			return &usageError{err}
		}
		done, err := daemon.Reload(cmd.Context())
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), printable.Line(done.String()))
		return err
	}
	return cmd
}

// declareControl declares the flags of a command that changes something.
func (o *daemonFlags) declareControl(cmd *cobra.Command) {
	o.declare(cmd.Flags())
	cmd.Flags().StringVar(&o.with.TokenFile, "token-file", "", "`file` with the token of admin.control")
}
