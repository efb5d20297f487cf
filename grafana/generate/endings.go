package main

func endings() section {
	ended := func(outcome string) []query {
		return []query{{`sum by (route) (increase(momento_bridge_messages_settled_total{ROUTES, outcome=~"` + outcome +
			`"}[WINDOW]))`, "{{route}}"}}
	}
	return section{"Dead letters and other endings", []spec{
		{
			kind: "stack", title: "How do messages end?", width: 12, unit: "cps", help: "Each ends once. Returned: " +
				"handed back to NATS, which delivers it again.",
			query: []query{{
				"sum by (outcome) (rate(momento_bridge_messages_settled_total{ROUTES}[WINDOW])) > 0",
				"{{outcome}}",
			}},
		},
		{
			kind: "bars", title: "Dead letters", width: 12, unit: "short", help: "Messages that can never be " +
				"published, kept on the route's dead-letter subject. Look at them and send them again with " +
				"momento-bridge replay.",
			query: ended("dead_lettered"),
		},
		{
			kind: "bars", title: "Lost", width: 8, unit: "short",
			help: "Gone for good against your will: rejected and kept as no dead letter, or of an unclear outcome " +
				"with delivery: at-most-once. The log says which.",
			query: []query{{
				"sum by (route) (increase(momento_bridge_messages_settled_total{ROUTES, " +
					`outcome=~"rejected|dropped"}[WINDOW])) - sum by (route) (` +
					"increase(momento_bridge_messages_skipped_total{ROUTES}[WINDOW]))",
				"{{route}}",
			}},
		},
		{
			kind: "bars", title: "Replaced and shed", width: 8, unit: "short",
			help: "Gone as overload says: replaced by a newer value (keep-latest), or the oldest without room " +
				"(drop-oldest). Nothing is wrong.",
			query: ended("replaced|shed"),
		},
		{
			kind: "bars", title: "Expired", width: 8, unit: "short", help: "Older than max_age when their turn came.",
			query: ended("expired"),
		},
		{
			kind: "bars", title: "Dropped at the source", width: 8, unit: "short",
			help: "Core NATS only: messages that came faster than they could be held. Gone for good.",
			query: []query{{
				"sum by (route) (increase(momento_bridge_source_dropped_total{ROUTES}[WINDOW]))",
				"{{route}}",
			}},
		},
		{
			kind: "graph", title: "Put aside", width: 8, unit: "short", help: "Refused again and again while others " +
				"are accepted, and what waits behind it. It holds up nothing but its topic. The log names the topics.",
			query: []query{{"sum by (route) (momento_bridge_messages_put_aside{ROUTES})", "{{route}}"}},
		},
		{
			kind: "graph", title: "Forbidden topics", width: 8, unit: "short", help: "Topics that the key may not " +
				"publish to (403), and what waits for them. The others of the route go on. Status names them.",
			query: []query{
				{"max by (route) (momento_bridge_forbidden_topics{ROUTES}) > 0", "{{route}}, topics"},
				{"sum by (route) (momento_bridge_messages_held_by_forbidden{ROUTES}) > 0", "{{route}}, messages"},
			},
		},
		{
			kind: "bars", title: "Skipped", width: 8, unit: "short", help: "Messages without bytes on routes with " +
				"empty: skip. They are among those dropped.",
			query: []query{{
				"sum by (route) (increase(momento_bridge_messages_skipped_total{ROUTES}[WINDOW]))",
				"{{route}}",
			}},
		},
		{
			kind: "graph", title: "Left alone for", width: 8, unit: "s", help: "The endpoint asks for this pause " +
				"(Retry-After). A reload or a resume tries at once.",
			query: []query{{"max by (route) (clamp_min(momento_bridge_left_alone_until_timestamp_seconds{ROUTES} - " +
				"time(), 0))", "{{route}}"}},
		},
	}}
}
