package main

func endpoint() section {
	return section{"Endpoint", []spec{
		{
			kind: "stack", title: "Answers", width: 12, unit: "cps", help: "Publish attempts per second, by the " +
				"endpoint's answer. 204 is accepted; what the others mean is in docs/guarantees.md.",
			query: []query{{
				"sum by (result) (rate(momento_bridge_publish_attempts_total{ROUTES}[WINDOW])) > 0",
				"{{result}}",
			}},
			more: func(p *panel) {
				p.FieldConfig.Overrides = []override{
					column("204", property{"color", object{"mode": "fixed", "fixedColor": "green"}}),
					column("429", property{"color", object{"mode": "fixed", "fixedColor": "orange"}}),
				}
			},
		},
		{
			kind: "stack", title: "Why are messages tried again?", width: 12, unit: "cps",
			help:  "Messages put back to be tried again, per second, by reason.",
			query: []query{{"sum by (reason) (rate(momento_bridge_retries_total{ROUTES}[WINDOW])) > 0", "{{reason}}"}},
		},
		{
			kind: "bars", title: "Unclear outcomes", width: 6, unit: "short", help: "Attempts that may or may not " +
				"have been accepted: possible duplicates. Timeouts and broken connections.",
			query: []query{{"sum by (route) (increase(momento_bridge_ambiguous_total{ROUTES}[WINDOW]))", "{{route}}"}},
		},
		{
			kind: "graph", title: "Connections opened", width: 6, unit: "cps", help: "Per second and daemon. Near 0 " +
				"when keep-alive works. Moved: they leave a server that is crowded with them, and refuses more than " +
				"others.",
			query: []query{
				{"rate(momento_bridge_connections_opened_total{DAEMONS}[WINDOW])", "{{instance}}"},
				{"rate(momento_bridge_connections_moved_total{DAEMONS}[WINDOW])", "{{instance}} moved"},
			},
		},
		{
			kind: "graph", title: "Publishes on a connection", width: 6, unit: "none",
			help:  "That may be in flight on each. 1 unless momento.in_flight says more, or is auto.",
			query: []query{{"momento_bridge_connection_depth{DAEMONS}", "{{instance}}"}},
		},
		{
			kind: "graph", title: "Endpoint and key, as the daemons see them", width: 6, unit: "none",
			help: "Daemons that take the endpoint for down, have their key refused, or carry one publish on each " +
				"connection " +
				"although momento.in_flight allows more.",
			query: []query{
				{"sum(momento_bridge_endpoint_down{DAEMONS})", "endpoint down"},
				{"sum(momento_bridge_api_key_refused{DAEMONS})", "key refused"},
				{"sum(momento_bridge_pipelining_suspended{DAEMONS})", "pipelining suspended"},
			},
		},
	}}
}
