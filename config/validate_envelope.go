package config

// checkEnvelope checks that an envelope goes with how messages are put together.
func (f *File) checkEnvelope(path string, r *Route) {
	if r.Envelope == EnvelopeNone || r.Batch.Format == FormatNone || r.Batch.Format == FormatJSON {
		return
	}
	key := path + ".envelope"
	f.Problemf(key, "%s %s does not go with %s.batch.format %s: write json, which makes the JSON batch format of "+
		"CloudEvents, or none", key, r.Envelope, path, r.Batch.Format)
}
