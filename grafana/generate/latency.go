package main

func latency() section {
	return section{"Latency", []spec{
		{
			kind: "heatmap", title: "Time of one publish attempt", width: 12, unit: "s",
			help: "From the request until the endpoint has answered, refusals and failures included.",
			query: []query{{
				"sum by (le) (increase(momento_bridge_publish_duration_seconds_bucket{ROUTES}[WINDOW]))",
				"{{le}}",
			}},
		},
		{
			kind: "heatmap", title: "Age when accepted", width: 12, unit: "s",
			help: "From the stream's time stamp, or the arrival from core NATS, until the endpoint has accepted. A " +
				"backlog that is worked off shows as old messages.",
			query: []query{{
				"sum by (le) (increase(momento_bridge_end_to_end_seconds_bucket{ROUTES}[WINDOW]))",
				"{{le}}",
			}},
		},
		{
			kind: "graph", title: "Publish attempt, by route", width: 8, unit: "s",
			help: "Half and 99 of 100 attempts took up to so long.",
			query: []query{
				{quantile(.5, "publish_duration_seconds", "ROUTES", "route, "), "{{route}} p50"},
				{quantile(.99, "publish_duration_seconds", "ROUTES", "route, "), "{{route}} p99"},
			},
		},
		{
			kind: "graph", title: "Age when accepted, by route", width: 8, unit: "s", steps: []step{
				from("transparent"),
				at(60, "red"),
			},
			help: "The dashed line is where the alert MomentoBridgeMessagesOld begins.",
			query: []query{
				{quantile(.5, "end_to_end_seconds", "ROUTES", "route, "), "{{route}} p50"},
				{quantile(.99, "end_to_end_seconds", "ROUTES", "route, "), "{{route}} p99"},
			},
		},
		{
			kind: "graph", title: "Messages of a publish", width: 8, unit: "short",
			help: "On average, of the batches that were accepted. 1 without batches, or with quota to spare.",
			query: []query{{"sum by (route) (rate(momento_bridge_batch_messages_sum{ROUTES}[WINDOW])) / " +
				"sum by (route) (rate(momento_bridge_batch_messages_count{ROUTES}[WINDOW]))", "{{route}}"}},
		},
	}}
}
