package main

// canaryStates are those of the daemons' own messages, the gravest last.
var canaryStates = []condition{
	{"ok", "green"},
	{"waiting", "blue"},
	{"late", "yellow"},
	{"deaf", "orange"},
	{"refused", "semi-dark-red"},
	{"losing", "red"},
}

func canary() section {
	return section{"Canary", []spec{
		{
			kind: "timeline", title: "Does the canary arrive?", width: 8, unit: "none", maps: decoded(canaryStates),
			help: "What each daemon says of its own message (canary.every), from NATS to a subscriber. Nothing " +
				"without one. Waiting: something that is told elsewhere is in the way.",
			query: []query{{
				coded("canary_state", "DAEMONS", "state", "instance", canaryStates) + " > 0", "{{instance}}",
			}},
		},
		{
			kind: "graph", title: "Canary, from NATS to a subscriber", width: 8, unit: "s",
			help: "Half and 99 of 100 canaries took up to so long, through NATS, the bridge and the endpoint.",
			query: []query{
				{quantile(.5, "canary_seconds", "DAEMONS", ""), "p50"},
				{quantile(.99, "canary_seconds", "DAEMONS", ""), "p99"},
			},
		},
		{
			kind: "bars", title: "Canaries that did not come as they should", width: 8, unit: "short",
			help: "Lost, late, come again, or out of order; and how many were sent and seen.",
			query: []query{
				{"sum(increase(momento_bridge_canary_lost_total{DAEMONS}[WINDOW]))", "lost"},
				{"sum(increase(momento_bridge_canary_late_total{DAEMONS}[WINDOW]))", "late"},
				{"sum(increase(momento_bridge_canary_duplicates_total{DAEMONS}[WINDOW]))", "again"},
				{"sum(increase(momento_bridge_canary_reordered_total{DAEMONS}[WINDOW]))", "out of order"},
				{"sum(increase(momento_bridge_canary_sent_total{DAEMONS}[WINDOW]))", "sent"},
				{"sum(increase(momento_bridge_canary_seen_total{DAEMONS}[WINDOW]))", "seen"},
			},
		},
	}}
}
