//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// resizes returns what comes when the terminal is given another size, until stop is called.
func resizes() (signals <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGWINCH)
	return c, func() { signal.Stop(c) }
}
