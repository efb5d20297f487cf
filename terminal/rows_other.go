//go:build !unix

package terminal

import "io"

// Rows returns 0: how many rows a terminal has is not known here.
func Rows(io.Writer) int { return 0 }

// Columns returns 0: how wide a terminal is is not known here.
func Columns(io.Writer) int { return 0 }
