package main

import (
	"context"
	"errors"
)

var errLater = errors.New("not yet")

func partitions(context.Context, *bench) error { return errLater }
func rights(context.Context, *bench) error     { return errLater }
func seen(context.Context, *bench) error       { return errLater }
func quota(context.Context, *bench) error      { return errLater }
func crowd(context.Context, *bench) error      { return errLater }
func busy(context.Context, *bench) error       { return errLater }
func far(context.Context, *bench) error        { return errLater }
func shares(context.Context, *bench) error     { return errLater }
func cpu(context.Context, *bench) error        { return errLater }
