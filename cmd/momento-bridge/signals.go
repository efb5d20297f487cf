package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	// oneSignal is how long signals after the first one count as the same: GNU timeout, for one, signals the program
	// and then its group.
	oneSignal = 2 * time.Second
	// lastWords is the time that a command has to end by itself after a second signal.
	lastWords = 500 * time.Millisecond
)

// obey calls stop at the first signal, hurryUp at the second one, and end a moment later.
func obey(signals <-chan os.Signal, stop, hurryUp, end func()) {
	<-signals
	first := time.Now()
	stop()
	for range signals {
		if time.Since(first) >= oneSignal {
			break
		}
	}
	hurryUp()
	time.Sleep(lastWords)
	end()
}

// outlivePipes lets the program go on when nobody reads its output or its log any more: writing is an error then,
// which nobody minds. Without it, the first line would end the program at once, with all that it holds.
func outlivePipes() { signal.Ignore(syscall.SIGPIPE) }

// hurryKey is the context's key of a second context, which is done after a second signal.
type hurryKey struct{}

func withHurry(ctx, second context.Context) context.Context {
	return context.WithValue(ctx, hurryKey{}, second)
}

// hurry returns a channel that is closed when the program must end at once: after a second signal.
func hurry(ctx context.Context) <-chan struct{} {
	second, ok := ctx.Value(hurryKey{}).(context.Context)
	if !ok {
		return nil
	}
	return second.Done()
}

// hangups returns the SIGHUPs from now on: none of them ends the program until stop is called.
func hangups() (signals <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}
