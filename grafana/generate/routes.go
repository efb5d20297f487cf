package main

// routes answers for each route what the overview answers for all.
func routes() section {
	return section{"Routes", []spec{
		routeTable(),
		{
			kind: "graph", title: "Published, by route", width: 8, unit: "cps", help: "Messages that ended " +
				"published, per second; replicas added.",
			query: []query{{`sum by (route) (rate(momento_bridge_messages_settled_total{ROUTES, ` +
				`outcome="published"}[WINDOW]))`, "{{route}}"}},
		},
		{
			kind: "graph", title: "Waiting, by route", width: 8, unit: "short", help: "Of a stream what is not " +
				"acknowledged, of core NATS what the daemons hold.",
			query: []query{{waits, "{{route}}"}},
		},
		{
			kind: "graph", title: "Time until the backlog is gone", width: 8, unit: "s",
			help: "As forecast. 0 while the route keeps up. A gap is never: more comes than can go; the table " +
				"above says so.",
			query: []query{{drain + " < Inf", "{{route}}"}},
		},
		{
			kind: "graph", title: "Held by the daemons", width: 8, unit: "short", help: "Messages queued and in " +
				"flight, of the bound queue.max_messages for each replica.",
			query: []query{
				{"sum by (route) (momento_bridge_messages_queued{ROUTES})", "{{route}} queued"},
				{"sum by (route) (momento_bridge_messages_in_flight{ROUTES})", "{{route}} in flight"},
			},
		},
		{
			kind: "graph", title: "Payload held, by daemon", width: 8, unit: "bytes",
			help:  "Of the bound queue.max_bytes for each replica.",
			query: []query{{"momento_bridge_queued_bytes{DAEMONS}", "{{instance}}"}},
		},
		{
			kind: "graph", title: "Payload published, by route", width: 8, unit: "Bps",
			help: "Payload that the endpoint has accepted.",
			query: []query{{
				"sum by (route) (rate(momento_bridge_published_bytes_total{ROUTES}[WINDOW]))",
				"{{route}}",
			}},
		},
	}}
}

// consumes is whether all replicas consume that do not stand by for another one.
const consumes = "min by (route) (momento_bridge_consumer_bound{ROUTES} unless on (job, instance, route) " +
	`momento_bridge_route_state{ROUTES, state="standby"} == 1) ` +
	"or max by (route) (momento_bridge_consumer_bound{ROUTES})"

// routeTable has a line for each route. Its columns are queries joined by the route.
func routeTable() spec {
	columns := []struct{ name, unit, expr string }{
		{"in", "cps", "sum by (route) (rate(momento_bridge_messages_received_total{ROUTES}[WINDOW]))"},
		{
			"out", "cps",
			`sum by (route) (rate(momento_bridge_messages_settled_total{ROUTES, outcome="published"}[WINDOW]))`,
		},
		{"waiting", "short", waits},
		{"age p99", "s", quantile(.99, "end_to_end_seconds", "ROUTES", "route, ")},
		{"drained in", "s", "clamp_max(" + drain + ", " + never + ")"},
		{"parked", "none", `sum by (route) (momento_bridge_route_state{ROUTES, state="parked"})`},
		{"paused", "none", `sum by (route) (momento_bridge_route_state{ROUTES, state="paused"})`},
		{"held back", "none", `sum by (route) (momento_bridge_route_limited{ROUTES, by!="nothing"})`},
		{
			"dead letters 1h", "short",
			`sum by (route) (increase(momento_bridge_messages_settled_total{ROUTES, outcome="dead_lettered"}[1h]))`,
		},
		{"consumes", "none", consumes},
	}
	s := spec{
		kind: "table", title: "Each route now", width: 24, unit: "short",
		help: "Rates and ages over the last minutes. Parked, paused and held back count replicas; what holds a route " +
			"back is shown above. " +
			"Consumes: no means that at least one replica gets nothing from NATS although it should: those that " +
			"stand by for another one are not meant.",
	}
	names, overrides := object{}, []override{}
	for i, c := range columns {
		s.query = append(s.query, query{c.expr, c.name})
		names["Value #"+string(rune('A'+i))] = c.name
		overrides = append(overrides, column(c.name, property{"unit", c.unit}, property{"decimals", 1}))
	}
	red := []property{
		{"thresholds", thresholds{"absolute", []step{from("text"), at(1, "red")}}},
		{"custom.cellOptions", object{"type": "color-text"}},
		{"decimals", 0},
	}
	for _, name := range []string{"parked", "paused", "dead letters 1h"} {
		overrides = append(overrides, column(name, red...))
	}
	overrides = append(overrides,
		column("held back", property{"decimals", 0}),
		column("consumes", property{"mappings", yesNo("yes", "no")},
			property{"custom.cellOptions", object{"type": "color-text"}}),
		column("drained in", property{"mappings", forecast()},
			property{"custom.cellOptions", object{"type": "color-text"}}),
	)
	s.more = func(p *panel) {
		p.FieldConfig.Overrides = overrides
		p.Transformations = []object{
			{"id": "joinByField", "options": object{"byField": "route", "mode": "outer"}},
			{"id": "filterFieldsByName", "options": object{"include": object{"pattern": "^(route|Value #.)$"}}},
			{"id": "organize", "options": object{
				"excludeByName": object{}, "indexByName": object{},
				"renameByName": names,
			}},
		}
	}
	return s
}
