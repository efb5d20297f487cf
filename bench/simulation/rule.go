package main

import "strings"

// rules are the names of what the oracle says, by words of it.
var rules = []struct{ words, name string }{
	{"order: ", "order"},
	{"liveness: ", "everything ends"},
	{"two publishes in flight", "one in flight"},
	{"although the endpoint has not accepted it", "ended only once accepted"},
	{"published again after an unclear", "at most once"},
	{"published again", "never twice"},
	{"it has not acknowledged it", "acknowledged in time"},
	{"delivered again", "renewed"},
	{"books", "books"},
	{"max_payload", "max_payload"},
	{"keep-latest", "the newest only"},
	{"dead letter", "dead letters"},
	{"has not ended", "stops in time"},
	{"ended by itself", "does not end"},
	{"a batch of", "batches can be read"},
	{"Retry-After", "Retry-After"},
	{"quota", "quota"},
	{"lease", "one replica"},
	{"lost", "nothing is lost"},
}

func ruleOf(text string) string {
	for _, r := range rules {
		if strings.Contains(text, r.words) {
			return r.name
		}
	}
	return text
}
