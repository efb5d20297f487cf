package main

// waits is what has not ended on each route: of a stream as its consumer says, which every replica tells, else what the
// replicas hold.
const waits = "sum by (route) (max by (job, route) (momento_bridge_consumer_pending{ROUTES} + " +
	"momento_bridge_consumer_ack_pending{ROUTES})" +
	" or sum by (job, route) (momento_bridge_messages_queued{ROUTES} + momento_bridge_messages_in_flight{ROUTES}))"

// drain is when the backlog of each route will be gone: as the replica says that sees it gone first, as one that is
// paused never does.
const drain = "max by (route) (min by (job, route) (momento_bridge_drain_seconds{ROUTES}))"

func overview() section {
	return section{"Do messages flow? How far behind are they? What limits them?", append(answers(), courses()...)}
}

// answers are the overview at this moment.
func answers() []spec {
	return []spec{
		{
			kind: "stat", title: "Do messages flow?", width: 4, unit: "cps",
			help: "Messages per second, in from NATS and out to the endpoint. In without out is trouble, out without " +
				"in is a backlog that is worked off.",
			query: []query{
				{`sum(rate(momento_bridge_messages_settled_total{ROUTES, outcome="published"}[WINDOW]))`, "out"},
				{"sum(rate(momento_bridge_messages_received_total{ROUTES}[WINDOW]))", "in"},
			},
		},
		{
			kind: "stat", title: "How much waits?", width: 3, unit: "short", steps: []step{
				from("green"),
				at(1000, "yellow"), at(100_000, "red"),
			},
			help: "Messages that have not ended: of streams, those not acknowledged; of core NATS, those held by " +
				"the daemons.",
			query: []query{{"sum(" + waits + ")", "waiting"}},
		},
		{
			kind: "stat", title: "How old is what arrives?", width: 3, unit: "s", steps: []step{
				from("green"),
				at(10, "yellow"), at(60, "red"),
			},
			help: "99 of 100 messages are younger than this when the endpoint accepts them, counted from the " +
				"stream's time stamp. Nothing while nothing is published.",
			query: []query{{quantile(.99, "end_to_end_seconds", "ROUTES", ""), "p99"}},
		},
		{
			kind: "stat", title: "When is the backlog gone?", width: 3, unit: "s", steps: []step{
				from("green"),
				at(60, "yellow"), at(600, "red"),
			},
			help: "Of the route that takes the longest, as forecast from what comes and what is published. Never: " +
				"more comes than can go.",
			maps: forecast(), query: []query{{"max(clamp_max(" + drain + ", " + never + "))", "drained in"}},
		},
		{
			kind: "stat", title: "What limits it?", width: 5, unit: "none",
			help: "What holds back the messages that wait, and on how many routes of all replicas. Nothing: they go " +
				"as they come.",
			query: []query{{"sum by (by) (momento_bridge_route_limited{ROUTES}) > 0", "{{by}}"}},
			more: func(p *panel) {
				p.Options["textMode"], p.Options["graphMode"] = "value_and_name", "none"
				p.Targets[0].Instant, p.Targets[0].Range = true, false
				p.FieldConfig.Overrides = []override{column("nothing",
					property{"color", object{"mode": "fixed", "fixedColor": "green"}})}
			},
		},
		{
			kind: "stat", title: "Is it connected?", width: 3, unit: "none", maps: yesNo("yes",
				"no"), steps: []step{from("red"), at(1, "green")},
			help: "Every replica is connected to NATS; none takes the endpoint for down; none has its API key refused.",
			query: []query{
				{"min(momento_bridge_nats_connected{DAEMONS})", "NATS"},
				{"1 - max(momento_bridge_endpoint_down{DAEMONS})", "endpoint"},
				{"1 - max(momento_bridge_api_key_refused{DAEMONS})", "key"},
			},
			more: func(p *panel) { p.Options["graphMode"] = "none" },
		},
		{
			kind: "stat", title: "Alerts firing", width: 3, unit: "none", steps: []step{from("green"), at(1, "red")},
			help: "Of grafana/alerts.yaml, where this Prometheus evaluates them. Each has its section in " +
				"docs/runbook.md.",
			query: []query{{
				`sum(ALERTS{alertname=~"MomentoBridge.+", alertstate="firing", job=~"$job|"}) or vector(0)`,
				"firing",
			}},
		},
	}
}

// courses are how the overview came about.
func courses() []spec {
	return []spec{
		{
			kind: "graph", title: "In, out and refused", width: 12, unit: "cps",
			help: "Messages from NATS, messages that ended published, and publishes refused for quota (429), " +
				"per second.",
			query: []query{
				{"sum(rate(momento_bridge_messages_received_total{ROUTES}[WINDOW]))", "in"},
				{`sum(rate(momento_bridge_messages_settled_total{ROUTES, outcome="published"}[WINDOW]))`, "out"},
				{`sum(rate(momento_bridge_publish_attempts_total{ROUTES, result="429"}[WINDOW]))`, "refused"},
			},
			more: func(p *panel) {
				p.FieldConfig.Overrides = []override{column("refused",
					property{"color", object{"mode": "fixed", "fixedColor": "red"}})}
			},
		},
		{
			kind: "stack", title: "Where do messages wait?", width: 12, unit: "short",
			help: "In the streams, in the daemons, and in flight to the endpoint.",
			query: []query{
				{"sum(max by (job, route) (momento_bridge_consumer_pending{ROUTES}))", "in streams"},
				{"sum(momento_bridge_messages_queued{ROUTES})", "in daemons"},
				{"sum(momento_bridge_messages_in_flight{ROUTES})", "in flight"},
			},
		},
		{
			kind: "timeline", title: "What holds back each route?", width: 12, unit: "none", maps: decoded(limits),
			help: "The gravest that a replica says. Nothing: what comes goes at once. The others are explained in " +
				"docs/metrics.md, at route_limited.",
			query: []query{{coded("route_limited", "ROUTES", "by", "route", limits), "{{route}}"}},
		},
		{
			kind: "timeline", title: "State of each route", width: 12, unit: "none", maps: decoded(states),
			help: "The gravest that a replica says. Running; standby, if all wait for another one; settling, before " +
				"it publishes; paused by an operator; parked, because of the key, the cache or a permission; " +
				"draining, because the daemon stops.",
			query: []query{{coded("route_state", "ROUTES", "state", "route", states), "{{route}}"}},
		},
	}
}

// never is what no forecast reaches: the daemon says +Inf for more than a year, and Grafana has no text for infinity.
const never = "31536000"

// forecast shows when a backlog will be gone.
func forecast() []object { return values("0", "keeping up", "green", never, "never", "red") }
