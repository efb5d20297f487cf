package config

import "strings"

func (f *File) checkCoordination() {
	c := f.Coordination
	if c.Bucket == "" || strings.ContainsFunc(c.Bucket, notForNames) {
		f.Problemf("coordination.bucket", "coordination.bucket %q: use letters, digits, - and _ only", c.Bucket)
	}
}
