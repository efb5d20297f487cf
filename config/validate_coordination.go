package config

import (
	"strings"
	"time"
)

// What coordination.lease may be. A shorter one ends when a cluster elects a leader, a longer one delays takeovers.
const (
	shortestLease = Duration(2 * time.Second)
	longestLease  = Duration(time.Minute)
)

func (f *File) checkCoordination() {
	c := f.Coordination
	if c.Bucket == "" || strings.ContainsFunc(c.Bucket, notForNames) {
		f.Problemf("coordination.bucket", "coordination.bucket %q: use letters, digits, - and _ only", c.Bucket)
	}
	if c.Lease < shortestLease || c.Lease > longestLease {
		f.fail("coordination.lease", "coordination.lease is %v, it must be from %v to %v", c.Lease, shortestLease,
			longestLease)
	}
}
