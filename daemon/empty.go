package daemon

import (
	"fmt"

	"momento-bridge/config"
	"momento-bridge/pipeline"
)

var empties = map[string]pipeline.Empty{
	config.EmptyPublish:    pipeline.EmptyPublished,
	config.EmptySkip:       pipeline.EmptySkipped,
	config.EmptyDeadLetter: pipeline.EmptyRejected,
}

// emptyNotes say what becomes of messages without bytes, where they are not published like any other.
var emptyNotes = map[string]string{
	config.EmptySkip:       "messages without bytes are skipped: acknowledged, and counted as dropped",
	config.EmptyDeadLetter: "messages without bytes become dead letters",
}

// emptyWarnings name the routes whose subscribers may meet with empty texts that nobody has thought of.
func emptyWarnings(f *config.File) []string {
	var texts []string
	for i := range f.Routes {
		r := &f.Routes[i]
		if r.ContentType != config.TextPlain || r.Empty != config.EmptyPublish || r.Batch.Format != config.FormatNone ||
			f.Has(fmt.Sprintf("routes[%d].empty", i)) {
			continue
		}
		texts = append(texts,
			fmt.Sprintf("route %s publishes messages without bytes, such as delete markers of a key-value bucket, as "+
				"empty texts, which Momento's SDK for browsers turns into errors and its SDK for Node into no bytes: "+
				"set empty: skip or dead-letter, or empty: publish if that is wanted", r.Name))
	}
	return texts
}
