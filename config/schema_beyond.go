package config

// Rule is something that the reader refuses and a JSON Schema cannot say.
type Rule struct {
	Name string
	Text string   // For people: what is refused.
	says []string // What the reader's problems have in them.
}

// BeyondSchema lists the rules for which the schema accepts what the reader, or check, refuses. There is no other, and
// the schema refuses nothing that they accept.
func BeyondSchema() []Rule {
	return []Rule{
		{"notation", "what is no plain YAML: keys that stand twice, anchors, tags, merge keys, blocks of " +
			"text", []string{
			"is there twice", "anchors (&)", "tags (", "merge keys", "a key must be plain text", "begin a block of " +
				"text",
			"not YAML", "one YAML document",
		}},
		{"variables", "variables, such as ${HOST}, which nothing replaces", []string{"is not replaced"}},
		{"bounds of texts", "bounds of times, of sizes with a unit, and of numbers in quotes", []string{
			"is out of range", "is too little", "is too much", "is not a size", "is not a whole number",
			"neither auto nor a whole number", "is not a duration", "is not a rate", "it must be from", "is no start",
			"at most 64 are possible", "or 0s for never",
		}},
		{"comparisons", "values that must be less or more than others", []string{
			"must be at least a second longer than", "larger than the whole queue.max_bytes", "partitions together",
			"more than half of the ack_wait",
		}},
		{"names", "names that stand twice, or are used and not defined", []string{
			"two routes have", "two routes use", "to which no route publishes", "is the stream that route",
			"publish to several caches",
		}},
		{"overlaps", "subjects that share messages, and circles of dead letters", []string{
			"overlaps with", "would come back for ever", "would go round for ever",
		}},
		{"templates", "what stands inside a topic", []string{
			"topic template", "does not name a wildcard", "has no wildcard, so that",
			"write the name of one topic",
		}},
		{"carried", "what carry names", []string{".carry names", ".carry has", ".carry: header", ".carry: the " +
			"headers"}},
		{"addresses", "addresses that are wrong in other ways than their look", []string{
			"nats.url names no server", "nats.url has a", "momento.proxy", "is not a URL", "is not a cell host",
			"endpoint inside the API key",
		}},
		{"control", "how control, web_config_file and listen go together", []string{
			"client-certificates needs", "web_config_file names", "is for an address with a port",
			"the path of the Unix socket", "both are sent in the header",
		}},
		{"files", "files that are not there or hold something else, and keys that do not fit", []string{
			"cannot be read", "read the API key from", "API key", "names headers-without-colon.txt", "names .:",
			"no endpoint", "nats.context", "holds what looks like the key itself",
		}},
	}
}
