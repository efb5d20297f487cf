package main

// attempts is publishes per second.
const attempts = "sum(rate(momento_bridge_publish_attempts_total{ROUTES}[WINDOW]))"

func quota() section {
	return section{"Quota and refusals (429)", []spec{
		{
			kind: "graph", title: "Rate in force and quota learned", width: 12, unit: "cps",
			help: "Publishes (operations with limits.unit: operations) per second, all replicas added. In force: " +
				"what the daemons allow themselves; nothing while unlimited. " +
				"Learned: the quota as their refusals tell it. Attempts near the rate in force: the quota is " +
				"the limit.",
			query: []query{
				{
					`sum by (scope) (momento_bridge_rate_limit{DAEMONS, scope!="throughput"} < Inf)`,
					"{{scope}} in force",
				},
				{
					`sum by (scope) (momento_bridge_rate_limit_learned{DAEMONS, scope!="throughput"} > 0)`,
					"{{scope}} learned",
				},
				{attempts, "attempts"},
			},
		},
		{
			kind: "graph", title: "Refused share of the attempts", width: 6, unit: "percentunit", steps: []step{from(
				"transparent"), at(0.2, "red")},
			help: "Answers 429. A few are how a quota is measured, about one in a hundred. At any rate: what the " +
				"endpoint refuses at random, so that going slower does not help. The dashed line is where " +
				"the alert MomentoBridgeThrottled begins.",
			query: []query{
				{`sum by (route) (rate(momento_bridge_publish_attempts_total{ROUTES, ` +
					`result="429"}[WINDOW])) / ` +
					"sum by (route) (rate(momento_bridge_publish_attempts_total{ROUTES}[WINDOW]))", "{{route}}"},
				{"max by (scope) (momento_bridge_rate_limit_floor{DAEMONS})", "{{scope}} at any rate"},
			},
		},
		{
			kind: "graph", title: "Share of the time refused", width: 6, unit: "percentunit",
			help:  "For each daemon, how much of the time the latest answer that tells was a refusal for quota.",
			query: []query{{"avg_over_time(momento_bridge_throttled{DAEMONS}[WINDOW])", "{{instance}}"}},
		},
		{
			kind: "timeline", title: "What sets the rate?", width: 12, unit: "none", maps: decoded(rateModes),
			help: "Unlimited: nothing. Ceiling: the configuration. Searching: no quota has been met yet, the rate " +
				"doubles. Holding: at a quota that was found. " +
				"Waiting: a pause after refusals.",
			query: []query{{coded("rate_limit_state", "DAEMONS", "state", "scope", rateModes), "{{scope}}"}},
		},
		{
			kind: "graph", title: "How long does a publish wait for the quota?", width: 6, unit: "s",
			help: "The time that the next publish waited for a token, of those that waited.",
			query: []query{
				{quantile(.5, "rate_limit_wait_seconds", "DAEMONS", ""), "p50"},
				{quantile(.99, "rate_limit_wait_seconds", "DAEMONS", ""), "p99"},
			},
		},
		{
			kind: "graph", title: "Throughput in force and learned", width: 6, unit: "Bps",
			help: "Bytes per second; a quota of its own, learned from refusals that name throughput. Nothing " +
				"until one was met.",
			query: []query{
				{`sum(momento_bridge_rate_limit{DAEMONS, scope="throughput"} < Inf)`, "in force"},
				{`sum(momento_bridge_rate_limit_learned{DAEMONS, scope="throughput"})`, "learned"},
				{"sum(rate(momento_bridge_published_bytes_total{ROUTES}[WINDOW]))", "published"},
			},
		},
		{
			kind: "graph", title: "Operations published", width: 24, unit: "cps", help: "What Momento counts and " +
				"bills: one for each started KiB of an accepted publish. Deliveries to subscribers come on top.",
			query: []query{{"sum by (route) (rate(momento_bridge_operations_total{ROUTES}[WINDOW]))", "{{route}}"}},
		},
	}}
}
