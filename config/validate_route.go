package config

import (
	"strings"
	"unicode"
)

func (f *File) checkRoute(path string, r *Route) {
	at := func(key string) string { return path + "." + key }
	switch {
	case r.Name == "" && !f.broken[at("name")]:
		f.Problemf(path, "%s has no name", path)
	case strings.ContainsFunc(r.Name, notForNames):
		f.Problemf(at("name"), "route name %q: use letters, digits, - and _ only; it becomes a label and part of the "+
			"consumer's name", r.Name)
	case len(r.Name) > 64:
		f.Problemf(at("name"), "route name is %d bytes long, at most 64 are possible", len(r.Name))
	}
	f.checkConsumption(path, r)
	r.complete()
	f.checkPartitions(path, r)
	if r.Cache == "" && !f.broken[at("cache")] {
		f.Problemf(path, "%s has no cache: name the Momento cache to publish to", path)
	}
	if r.MaxPayload > f.Queue.MaxBytes && !f.broken["queue.max_bytes"] {
		f.Problemf(at("max_payload"), "%s is %d bytes, larger than the whole queue.max_bytes of %d", at("max_payload"),
			r.MaxPayload, f.Queue.MaxBytes)
	}
	if r.Rate.Auto {
		f.Problemf(at("rate"),
			"%s is auto: a quota is learned for the region or a cache (limits.rate, limits.caches); write a number "+
				"or unlimited", at("rate"))
	}
	if r.Overload == OverloadKeepLatest && r.Ordering != OrderingTopic {
		f.Problemf(at("overload"),
			"%s keep-latest needs ordering topic: without order an older value could be published after a newer one",
			at("overload"))
	}
	f.checkBatch(at("batch"), r)
	f.checkEnvelope(path, r)
	f.checkCarry(at("carry"), r)
	if r.Empty == EmptyDeadLetter && r.DeadLetter.Subject == "" {
		f.Problemf(at("empty"), "%s dead-letter needs %s: name the subject of dead letters, or write skip", at("empty"),
			at("dead_letter"))
	}
	if r.DeadLetter.Subject != "" {
		if why := badSubject(r.DeadLetter.Subject); why != "" {
			f.Problemf(at("dead_letter.subject"), "%s %q: %s", at("dead_letter.subject"), r.DeadLetter.Subject, why)
		} else if strings.ContainsAny(r.DeadLetter.Subject, "*>") {
			f.Problemf(at("dead_letter.subject"), "%s %q has a wildcard: dead letters are published to one subject",
				at("dead_letter.subject"), r.DeadLetter.Subject)
		} else if own, ok := anyOverlap(r.Filters(), []string{r.DeadLetter.Subject}); ok {
			f.Problemf(at("dead_letter.subject"),
				"%s %q is within the route's own subject %q: a dead letter would come back for ever",
				at("dead_letter.subject"), r.DeadLetter.Subject, own)
		}
	}
}

// checkConsumption checks where a route's messages come from. Keys that only one kind of source knows are refused
// with the other, so that nobody relies on what is ignored.
func (f *File) checkConsumption(path string, r *Route) {
	at := func(key string) string { return path + "." + key }
	f.checkSubjects(path, r)
	if r.Stream == "" {
		for _, key := range [...]string{"consumer", "create_consumer", "deliver"} {
			if f.Has(at(key)) {
				f.Problemf(at(key), "%s needs a stream: core NATS has no consumers", at(key))
			}
		}
		if why := badSubject(r.Queue); r.Queue != "" && (why != "" || strings.ContainsAny(r.Queue, "*>")) {
			f.Problemf(at("queue"), "%s %q is not a queue group: use no spaces and no wildcards", at("queue"), r.Queue)
		}
		return
	}
	if f.Has(at("queue")) {
		f.Problemf(at("queue"), "%s does not go with a stream: replicas share the consumer", at("queue"))
	}
	for _, name := range [...]struct{ key, value string }{{"stream", r.Stream}, {"consumer", r.Consumer}} {
		if strings.ContainsAny(name.value, ".*>/\\") || strings.ContainsFunc(name.value, unicode.IsSpace) {
			f.Problemf(at(name.key), "%s %q: a name has no dots, wildcards, slashes or spaces",
				at(name.key), name.value)
		}
	}
}

func (f *File) checkBatch(path string, r *Route) {
	b := r.Batch
	if b.Format == FormatNone {
		needs := func(key string, set bool) {
			if set {
				f.Problemf(path+"."+key, "%s.%s needs %s.format: lines, json, length-prefixed or packed",
					path, key, path)
			}
		}
		needs("linger", b.Linger > 0)
		needs("max_messages", b.MaxMessages > 0)
		needs("max_bytes", b.MaxBytes != DefaultRoute().Batch.MaxBytes)
		return
	}
	if (b.Format == LengthPrefixed || b.Format == Packed) && r.ContentType == TextPlain {
		f.Problemf(path+".format",
			"%s.format %s is not text: use lines or json, or content_type application/octet-stream", path, b.Format)
	}
}

func notForNames(r rune) bool {
	return !strings.ContainsRune("-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", r)
}

// badSubject says what is wrong with a subject that may have wildcards; empty if nothing is.
func badSubject(subject string) string {
	if strings.ContainsFunc(subject, unicode.IsSpace) {
		return "a subject has no spaces"
	}
	tokens := strings.Split(subject, ".")
	for i, token := range tokens {
		switch {
		case token == "":
			return "a token between dots is empty"
		case token == ">" && i < len(tokens)-1:
			return "the wildcard > must be the last token"
		case len(token) > 1 && strings.ContainsAny(token, "*>"):
			return "a wildcard must be a whole token between dots"
		}
	}
	return ""
}
