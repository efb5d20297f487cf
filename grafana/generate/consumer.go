package main

func consumer() section {
	return section{"NATS and JetStream", []spec{
		{
			kind: "graph", title: "Not delivered yet", width: 8, unit: "short", help: "Messages of the stream that " +
				"its consumer has not delivered to any replica.",
			query: []query{{"max by (job, route) (momento_bridge_consumer_pending{ROUTES})", "{{route}}"}},
		},
		{
			kind: "graph", title: "Delivered and not acknowledged", width: 8, unit: "short",
			help: "To any replica. More than the daemons hold, for long: another client consumes, or a replica " +
				"was killed.",
			query: []query{
				{"max by (job, route) (momento_bridge_consumer_ack_pending{ROUTES})", "{{route}}"},
				{
					"sum(momento_bridge_messages_queued{ROUTES}) + sum(momento_bridge_messages_in_flight{ROUTES})",
					"held by the daemons",
				},
			},
		},
		{
			kind: "bars", title: "Delivered again", width: 8, unit: "short", help: "Messages that JetStream " +
				"delivered again: after a kill, a hand-back, or a time to acknowledge that ran out.",
			query: []query{{
				"sum by (route) (increase(momento_bridge_redelivered_total{ROUTES}[WINDOW]))",
				"{{route}}",
			}},
		},
		{
			kind: "bars", title: "Heartbeats missed", width: 8, unit: "short", help: "Times that a consumer was " +
				"silent for longer than its heartbeats allow; the daemon then looks for it and asks again.",
			query: []query{{
				"sum by (instance, route) " +
					"(increase(momento_bridge_consumer_heartbeats_missed_total{ROUTES}[WINDOW]))",
				"{{instance}} {{route}}",
			}},
		},
		{
			kind: "graph", title: "Renewals", width: 8, unit: "cps", help: "Deliveries whose time to be acknowledged " +
				"was extended, per second: messages that wait for longer than half of AckWait. Usual under a " +
				"scarce quota.",
			query: []query{{"sum by (route) (rate(momento_bridge_renewals_total{ROUTES}[WINDOW]))", "{{route}}"}},
		},
		{
			kind: "graph", title: "Acknowledgements not confirmed", width: 8, unit: "short",
			help: "Sent, but not confirmed by NATS: if the daemon were killed now, up to that many messages would be " +
				"delivered again.",
			query: []query{{"momento_bridge_acks_unconfirmed{DAEMONS}", "{{instance}}"}},
		},
		{
			kind: "graph", title: "Connected and consuming", width: 12, unit: "none", help: "Daemons connected to " +
				"NATS, and for each route those that consume.",
			query: []query{
				{"sum(momento_bridge_nats_connected{DAEMONS})", "connected"},
				{"sum by (route) (momento_bridge_consumer_bound{ROUTES})", "{{route}} consumes"},
			},
		},
		{
			kind: "bars", title: "Reconnects", width: 12, unit: "short", help: "To NATS.",
			query: []query{{
				"sum by (instance) (increase(momento_bridge_nats_reconnects_total{DAEMONS}[WINDOW]))",
				"{{instance}}",
			}},
		},
	}}
}
