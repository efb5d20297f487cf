package main

func program() section {
	return section{"Key, program and Go runtime", []spec{
		{
			kind: "stat", title: "When does the API key expire?", width: 8, unit: "s", steps: []step{
				from("red"),
				at(86_400, "yellow"), at(604_800, "green"),
			},
			help: "The first of all daemons' keys that say so and are not replaced by a token vending machine. " +
				"Nothing: none of them says.",
			query: []query{{"min((momento_bridge_api_key_expiry_timestamp_seconds{DAEMONS} > 0) - time() " +
				"unless on (job, instance) momento_bridge_api_key_vended{DAEMONS} == 1)", "left"}},
			more: func(p *panel) { p.Options["graphMode"] = "none"; p.FieldConfig.Defaults.NoValue = "does not say" },
		},
		{
			kind: "stat", title: "Versions", width: 8, unit: "none", help: "Daemons by version.",
			query: []query{{
				"count by (version, go_version) (momento_bridge_build_info{DAEMONS})",
				"{{version}} ({{go_version}})",
			}},
			more: func(p *panel) { p.Options["textMode"], p.Options["graphMode"] = "value_and_name", "none" },
		},
		{
			kind: "stat", title: "Running since", width: 8, unit: "s", help: "The time that the daemon which started " +
				"last has run.",
			query: []query{{"time() - max(process_start_time_seconds{DAEMONS})", "youngest"}},
			more:  func(p *panel) { p.Options["graphMode"] = "none" },
		},
		{
			kind: "graph", title: "Life of vended keys", width: 6, unit: "s", help: "Time until the key of a token " +
				"vending machine expires. It falls and jumps up: a new key is fetched after four fifths of its life.",
			query: []query{{"(momento_bridge_api_key_expiry_timestamp_seconds{DAEMONS} > 0) - time() and on (job, " +
				"instance) momento_bridge_api_key_vended{DAEMONS} == 1", "{{instance}}"}},
		},
		{
			kind: "graph", title: "Processor", width: 6, unit: "short", help: "Cores in use.",
			query: []query{{"rate(process_cpu_seconds_total{DAEMONS}[WINDOW])", "{{instance}}"}},
		},
		{
			kind: "graph", title: "Memory", width: 6, unit: "bytes", help: "Resident, and what Go's heap has in use.",
			query: []query{
				{"process_resident_memory_bytes{DAEMONS}", "{{instance}} resident"},
				{"go_memstats_heap_inuse_bytes{DAEMONS}", "{{instance}} heap"},
			},
		},
		{
			kind: "graph", title: "Goroutines", width: 6, unit: "short", help: "Steady, whatever the load; a slope " +
				"is a leak.",
			query: []query{{"go_goroutines{DAEMONS}", "{{instance}}"}},
		},
		{
			kind: "graph", title: "Garbage collection", width: 8, unit: "percentunit", help: "Time that the program " +
				"stood still for it, as a share of all time.",
			query: []query{{"rate(go_gc_duration_seconds_sum{DAEMONS}[WINDOW])", "{{instance}}"}},
		},
		{
			kind: "graph", title: "Allocations", width: 8, unit: "Bps", help: "Memory allocated per second; it " +
				"follows the messages.",
			query: []query{{"rate(go_memstats_alloc_bytes_total{DAEMONS}[WINDOW])", "{{instance}}"}},
		},
		{
			kind: "graph", title: "Open files", width: 8, unit: "short", help: "Connections included.",
			query: []query{{"process_open_fds{DAEMONS}", "{{instance}}"}},
		},
	}}
}
