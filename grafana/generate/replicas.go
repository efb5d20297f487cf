package main

// replicas are how the daemons of a group work together.
func replicas() section {
	return section{"Replicas", []spec{
		{
			kind: "graph", title: "Replicas", width: 8, unit: "none",
			help: "Daemons scraped, and members of the group that they see. Keepers, of which each group has one, " +
				"learn the quota for all. Members with other routes take over none of each other's.",
			query: []query{
				{"count(momento_bridge_build_info{DAEMONS})", "scraped"},
				{"max(momento_bridge_replicas{DAEMONS})", "seen by the group"},
				{"sum by (group) (momento_bridge_keeper{DAEMONS})", "{{group}} keepers"},
				{"max(momento_bridge_replicas_with_other_routes{DAEMONS})", "with other routes"},
			},
		},
		{
			kind: "stack", title: "Leases held, by daemon", width: 8, unit: "none",
			help: "Ordered routes on streams and their partitions: each runs on the daemon that holds its lease, or " +
				"on the only one there is.",
			query: []query{
				{"sum by (instance) (momento_bridge_lease_held{ROUTES})", "{{instance}}"},
				{
					"sum(max by (job, route, partition) (momento_bridge_lease_held{ROUTES}) == bool 0)",
					"held by nobody",
				},
			},
		},
		{
			kind: "bars", title: "Leases change hands", width: 8, unit: "short",
			help: "As the daemon sees it that sees most. At starts and stops each lease may do so once or twice; " +
				"without them it is trouble.",
			query: []query{{
				"max by (route) (increase(momento_bridge_lease_changes_total{ROUTES}[WINDOW]))", "{{route}}",
			}},
		},
		{
			kind: "graph", title: "Rate of the group and shares", width: 24, unit: "cps",
			help: "Publishes (operations with limits.unit: operations) per second: what all replicas of the group " +
				"allow themselves together, and what each has of that. Nothing while unlimited.",
			query: []query{
				{
					`max by (scope) (momento_bridge_group_rate_limit{DAEMONS, scope!="throughput"} < Inf)`,
					"{{scope}}, the group",
				},
				{
					`momento_bridge_group_rate_share{DAEMONS, scope!="throughput"} < Inf`,
					"{{scope}}, {{instance}}",
				},
			},
		},
	}}
}
