//go:build !unix

package rig

import "time"

// cpuTime is not known here, and not reported.
func cpuTime() time.Duration { return 0 }
