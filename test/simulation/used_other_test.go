//go:build !unix

package simulation

import "time"

var began = time.Now()

// used is how long this process has run.
func used() time.Duration { return time.Since(began) }
