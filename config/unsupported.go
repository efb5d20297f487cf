package config

// checkUnsupported refuses values that the format defines and this version does not carry out, rather than ignoring them.
func (f *File) checkUnsupported() {
	refuse := func(path string, set bool, instead string) {
		if set {
			f.Problemf(path, "%s is not supported yet by this version; %s", path, instead)
		}
	}
	refuse("momento.pipeline", f.Momento.Pipeline > 1, "write 1")
}
