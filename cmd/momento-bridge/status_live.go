package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// alive asks for /livez alone, as health checks of containers do: where no configuration is mounted, at the default
// address. A daemon that is stuck, or is not there, is an error.
func (o *statusOptions) alive(ctx context.Context, w io.Writer) error {
	if o.group || o.watch || o.json {
		return &usageError{errors.New("--live asks one daemon once: leave --group, --watch and --json out")}
	}
	if _, err := os.Stat(o.file); errors.Is(err, os.ErrNotExist) {
		o.file = ""
	}
	one, err := o.client(o.guarded())
	if err != nil {
		return &usageError{err}
	}
	said, err := one.Live(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, said)
	return err
}

// guarded says whether the daemon's address may want a password or a certificate, and none is given: a health check in
// a container has none. Its Unix socket wants neither.
func (o *statusOptions) guarded() bool {
	a, err := o.configured()
	return err == nil && a.WebConfigFile != "" && o.with.PasswordFile == "" && o.with.CertFile == ""
}
