// Command momento-bridge carries messages from NATS to Momento Topics.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"momento-bridge/daemon"
)

// version may be set by the linker; build is what is known without.
var (
	version string
	build   = daemon.ThisBuild(version)
)

func main() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	ctx, stop := context.WithCancel(context.Background())
	second, hurryUp := context.WithCancel(context.Background())
	go obey(signals, stop, hurryUp, func() { os.Exit(statusInterrupted) })
	os.Exit(exitStatus(run(withHurry(ctx, second), os.Args[1:], os.Stdout, os.Stderr)))
}

// run executes one command. It is the whole program but for signals and the exit, so that tests can run it.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	root, out := newRoot(), &output{Writer: stdout}
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(stderr)
	refuseUnknown(root)
	err := out.failed(root.ExecuteContext(ctx))
	if err != nil && !errors.Is(err, errQuiet) {
		fmt.Fprintln(stderr, safe(err.Error()))
	}
	return err
}

// The exit statuses that users rely on.
const (
	statusOK     = 0
	statusFailed = 1
	statusUsage  = 2

	statusUnreached = 2 // status: the daemon did not answer, or its answer could not be shown.

	statusUnmet       = 3   // A load test: an expectation was not met.
	statusUnproved    = 4   // A load test: a result could not be proved.
	statusInterrupted = 130 // By a second signal; a load test or a canary by the first.
)

// usageError is a mistake in the command line or the configuration.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// errQuiet ends the program with a failure whose reason has been printed already.
var errQuiet = errors.New("failed")

// statusError ends the program with a status whose reason has been printed already.
type statusError int

func (e statusError) Error() string { return "exit status " + strconv.Itoa(int(e)) }
func (e statusError) Unwrap() error { return errQuiet }

// failure ends the program with a status of its own.
type failure struct {
	status int
	err    error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func exitStatus(err error) int {
	if err == nil {
		return statusOK
	}
	if status, ok := errors.AsType[statusError](err); ok {
		return int(status)
	}
	if failed, ok := errors.AsType[*failure](err); ok {
		return failed.status
	}
	if errors.Is(err, daemon.ErrInterrupted) {
		return statusInterrupted
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		return statusUsage
	}
	return statusFailed
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "momento-bridge",
		Short: "Carries messages from NATS to Momento Topics",
		Long: "momento-bridge carries messages from NATS subjects and JetStream streams to Momento Topics\n" +
			"over HTTP: fast, in order, paced to your quota, and without losing one.",
		Example: "  momento-bridge demo\n" +
			"  momento-bridge run --stream ORDERS --subject 'orders.>' --cache my-cache \\\n" +
			"    --region us-east-1 --api-key-file key.txt\n" +
			"  momento-bridge check -c config.yaml",
		Version:       build.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%w\nsee `%s --help`", err, cmd.CommandPath())}
	})
	root.AddCommand(newRun(), newDemo(), newCheck(), newStatus(), newPause(), newResume(), newReload(), newEmulator(),
		newLoadtest(), newReplay(), newCanary(),
		newConfig(), newRegions(), newVersion())
	addMan(root)
	for _, cmd := range root.Commands() {
		cmd.Args = usageArgs(cmd.Args)
	}
	addCompletions(root)
	root.SuggestionsMinimumDistance = 2
	root.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	root.Args = usageArgs(noSuchCommand)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 100"))
	return root
}

// noSuchCommand refuses what is none of a command's commands.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("unknown command %q", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		text += fmt.Sprintf(" (did you mean %q?)", near[0])
	}
	return errors.New(text)
}

// usageArgs makes wrong arguments a usage error; commands take none unless they say so.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	if check == nil {
		check = cobra.NoArgs
	}
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return &usageError{fmt.Errorf("%w\nsee `%s --help`", err, cmd.CommandPath())}
		}
		return nil
	}
}
