package config

// rulesOf are what the keys of a section demand of each other. A value that is empty is none.
func rulesOf(path string) []any {
	switch path {
	case "nats":
		return natsRules()
	case "momento":
		return []any{
			notBoth("region", "endpoint"),
			notBoth("api_key_file", "api_key_url"),
			needs(set("api_key_url_headers_file"), set("api_key_url")),
			needs(set("api_key_url_body_file"), set("api_key_url")),
			needs(set("api_key_url_body_file"), is("api_key_url_method", MethodPost)),
			needs(is("api_key_url_method", MethodPost), set("api_key_url")),
		}
	case "nats.tls":
		return []any{needs(set("cert_file"), set("key_file")), needs(set("key_file"), set("cert_file"))}
	case "routes[]":
		return routeRules()
	}
	return nil
}

// natsRules are those of credentials, some of which a context may have.
func natsRules() []any {
	rules := []any{notBoth("domain", "api_prefix")}
	kinds := []string{"creds_file", "nkey_file", "user", "token_file"}
	for i, kind := range kinds {
		for _, other := range kinds[:i] {
			rules = append(rules, notBoth(other, kind))
		}
	}
	own := not(set("context"))
	return append(rules,
		needs(both(set("user"), own), set("password_file")),
		needs(both(set("password_file"), own), set("user")))
}

func routeRules() []any {
	format := func(formats ...string) object { return inside("batch", is("format", formats...)) }
	unpacked := either(not(has("batch")), inside("batch", either(not(has("format")), is("format", FormatNone))))
	inOrder := either(not(has("ordering")), is("ordering", OrderingTopic))
	parted := inside("partitions", anyOf(
		object{"type": "integer", "minimum": 2}, text(`^\+?0*([2-9]|[1-9][0-9]+)$`)))
	return []any{
		either(set("subject"), set("subjects"), set("stream")),
		notBoth("subject", "subjects"),
		needs(has("queue"), not(set("stream"))),
		needs(either(has("consumer"), has("create_consumer"), has("deliver")), set("stream")),
		needs(parted, both(set("stream"), inOrder, not(has("consumer")))),
		needs(set("partition_stream"), parted),
		needs(is("overload", OverloadKeepLatest), inOrder),
		needs(both(has("batch"), unpacked), inside("batch", object{"properties": object{
			"linger":       object{"anyOf": []any{object{"const": 0}, text(zeroPattern)}},
			"max_messages": object{"anyOf": []any{object{"const": 0}, text(`^[+-]?0+$`)}},
			"max_bytes":    object{"enum": []any{4096, "4096", "4096B", "4KiB"}},
		}})),
		needs(format(LengthPrefixed, Packed), not(is("content_type", TextPlain))),
		needs(is("envelope", EnvelopeCloudEvents), either(unpacked, format(FormatJSON))),
		needs(set("carry"), either(format(Packed), is("envelope", EnvelopeCloudEvents))),
		needs(is("empty", EmptyDeadLetter), inside("dead_letter", set("subject"))),
	}
}

// has is a section in which the key stands. One without keys is null, of which required says nothing.
func has(key string) object { return object{"type": "object", "required": []string{key}} }

// inside is a section in which the key stands and its value is of a kind.
func inside(key string, value object) object {
	return object{"type": "object", "required": []string{key}, "properties": object{key: value}}
}

// set is a section in which the key has a value that is not empty.
func set(key string) object {
	return inside(key, not(object{"enum": []any{"", nil, []any{}}}))
}

// is a section in which the key has one of these values.
func is(key string, values ...string) object { return inside(key, object{"enum": values}) }

func not(o object) object              { return object{"not": o} }
func both(some ...any) object          { return object{"allOf": some} }
func either(some ...any) object        { return object{"anyOf": some} }
func needs(condition, then any) object { return object{"if": condition, "then": then} }

func notBoth(one, other string) object { return not(both(set(one), set(other))) }
