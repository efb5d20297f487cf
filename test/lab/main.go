package lab

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Main is what the main functions of benchmarks do: it runs one until it ends or a signal comes. If it has failed, or
// there is an error, the exit status is 1.
func Main(run func(context.Context) (failed bool, err error)) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	failed, err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || failed {
		os.Exit(1)
	}
}
