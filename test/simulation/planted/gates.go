package planted

var ofGates = []Fault{
	{Name: "probe-keeps-place", Kind: "a probe whose answer decides nothing keeps its place", Swap: []Swap{{
		"pipeline/answer.go", "case Reject, Unsent:\n\t}\n\td.releaseProbes(now, p)", "case Reject, Unsent:\n\t}",
	}}},
	{Name: "probe-in-vain", Kind: "a probe that is accepted does not open the gate", Swap: []Swap{{
		"pipeline/answer.go", "d.openGate(now, &r.cache.gate, eventCacheFound, r)\n", "",
	}}},
	{Name: "key-given-up", Kind: "a refused key is never tried again", Swap: []Swap{{
		"pipeline/dispatch.go", "if ok, at := d.key.admits(now); !ok {",
		"if ok, at := d.key.admits(now); !ok || d.key.closed {",
	}}},
	{Name: "endpoint-given-up", Kind: "an endpoint that was down is never tried again", Swap: []Swap{{
		"pipeline/probe.go", "ok, at := g.admits(now)\n\t\tif ok {",
		"ok, at := g.admits(now)\n\t\tif ok && g != &d.endpoint {",
	}}},
	{Name: "retry-after-ignored", Kind: "Retry-After is ignored", Swap: []Swap{{
		"pipeline/quota/pacer.go", "p.asked(now, r.RetryAfter)", "p.asked(now, 0)",
	}}},
}
