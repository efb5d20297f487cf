//go:build !unix

package main

import "io"

// terminalRows returns 0: how many rows a terminal has is not known here.
func terminalRows(io.Writer) int { return 0 }
