package config

import "fmt"

// checkUnsupported refuses values that the format defines and this version does not carry out, rather than ignoring them.
func (f *File) checkUnsupported() {
	refuse := func(path string, set bool, instead string) {
		if set {
			f.Problemf(path, "%s is not supported yet by this version; %s", path, instead)
		}
	}
	refuse("momento.pipeline", f.Momento.Pipeline > 1, "write 1")
	refuse("limits.unit", f.Limits.Unit == "operations", "write publishes")
	refuse("limits.caches", len(f.Limits.Caches) > 0, "use limits.rate")
	for i, r := range f.Routes {
		path := fmt.Sprintf("routes[%d].", i)
		refuse(path+"batch.format", r.Batch.Format != FormatNone, "write none")
		refuse(path+"overload", r.Overload != OverloadBlock, "write block")
		refuse(path+"max_age", r.MaxAge > 0, "write 0s")
		refuse(path+"weight", r.Weight > 1, "write 1")
		refuse(path+"subscribers", r.Subscribers > 0, "write 0")
	}
}
