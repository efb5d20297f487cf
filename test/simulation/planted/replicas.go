package planted

var ofReplicas = []Fault{
	{Name: "lease-kept", Kind: "a lease is held on to after it is lost", Swap: []Swap{{
		"lease/terms.go", "Stop: lease / 5 * 4,", "Stop: lease * 20,",
	}}},
	{Name: "lease-too-soon", Kind: "a lease is taken while another replica holds it", Swap: []Swap{{
		"lease/terms.go", "Wait: lease,", "Wait: lease / 10,",
	}}},
	{Name: "lease-back-too-soon", Kind: "a lease is given back while publishes are in flight", Swap: []Swap{{
		"source/handover.go", "j.awaitLanded(hard, route)\n\tj.flush(hard)\n\tj.rested(last)", "j.rested(last)",
	}}},
	{Name: "quota-not-shared", Kind: "each replica takes the whole quota", Swap: []Swap{{
		"group/follow.go", "PerSecond: t.share(u.told.Want, n.level.Members), Members: n.level.Members,",
		"PerSecond: t.Rate, Members: n.level.Members,",
	}, {
		"group/follow.go", "q.Pacer.Reshare(now, share)", "q.Pacer.Reshare(now, max(share, t.Rate))",
	}, {
		"group/unkept.go", "q.Pacer.Reshare(now, n.reckon(now, t, n.use(now, q.Scope)))",
		"q.Pacer.Reshare(now, t.Rate)",
	}}},
}
