package main

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
)

// output is the standard output of all commands. It remembers that something could not be written, which commands need
// not look at: a result that is lost is no success.
type output struct {
	io.Writer
	mu  sync.Mutex // Guards the following.
	err error      // The first.
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if err != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.err == nil {
			o.err = err
		}
	}
	return n, err //nolint:wrapcheck // As the writer has it.
}

// Under returns what it writes to, for those who ask whether that is a terminal.
func (o *output) Under() io.Writer { return o.Writer }

// failed is how a command ends that has ended with err: also what could not be written counts. Nobody needs to be told
// that whoever was to read it has gone, as head does.
func (o *output) failed(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.err == nil:
		return err
	case errors.Is(o.err, syscall.EPIPE):
		if err == nil || errors.Is(err, syscall.EPIPE) {
			return errQuiet
		}
		return err
	case err == nil:
		return fmt.Errorf("write to standard output: %w", o.err)
	case errors.Is(err, o.err):
		return &failure{exitStatus(err), fmt.Errorf("write to standard output: %w", o.err)}
	}
	return err
}
