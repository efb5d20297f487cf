package planted

var ofPipeline = []Fault{
	{Name: "retry-behind", Kind: "what is tried again goes behind what came later", Swap: []Swap{{
		"pipeline/retry.go", "r.enqueueOldest(e)\n\t\tl.pushFront(e)", "r.enqueueOldest(e)\n\t\tl.pushBack(e)",
	}}},
	{Name: "double-settle", Kind: "a message is settled twice", Swap: []Swap{{
		"pipeline/settle.go", "d.tell(r, e.handle, o)\n\td.anyEnded = true",
		"d.tell(r, e.handle, o)\n\td.tell(r, e.handle, o)\n\td.anyEnded = true",
	}}},
	{Name: "two-in-flight", Kind: "an ordered topic has two publishes in flight", Swap: []Swap{{
		"pipeline/lane.go", "(l.inFlight == 0 || !l.route.cfg.Ordered)", "l.inFlight < 2",
	}}},
	{Name: "lane-forgotten", Kind: "a topic with more to send is in no ring after an answer", Swap: []Swap{{
		"pipeline/settle.go", "r.inFlight -= p.n\n\td.refresh(p.lane)\n\treturn r", "r.inFlight -= p.n\n\treturn r",
	}}},
	{Name: "wake-lost", Kind: "the timer rings and wakes no worker", Swap: []Swap{{
		"pipeline/wake.go", "p.timerAt = time.Time{}\n\tif len(p.idle) > 0 {\n\t\tp.pump(time.Now())\n\t}",
		"p.timerAt = time.Time{}",
	}}},
	{Name: "unclear-tried-again", Kind: "at-most-once tries again after an unclear outcome", Swap: []Swap{{
		"pipeline/settle.go", "case a.Verdict == Ambiguous && r.cfg.AtMostOnce:",
		"case a.Verdict == Ambiguous && r.cfg.AtMostOnce && d.stopped:",
	}}},
	{Name: "unclear-accepted", Kind: "an unclear outcome is taken for accepted", Swap: []Swap{{
		"pipeline/settle.go", "case a.Verdict == Accept:\n\t\treturn Published",
		"case a.Verdict == Accept, a.Verdict == Ambiguous:\n\t\treturn Published",
	}}},
	{Name: "stop-drops", Kind: "a stop drops what is queued rather than handing it back", Swap: []Swap{{
		"pipeline/settle.go", "case r.cfg.Returnable:\n\t\treturn Returned", "case false:\n\t\treturn Returned",
	}}},
	{Name: "latest-is-older", Kind: "keep-latest drops the newer of two", Swap: []Swap{{
		"pipeline/retry.go",
		"l.first != nil {\n\t\tfor p.n > 0 {\n\t\t\td.end(p.pop(), Replaced)\n\t\t}\n\t\treturn\n\t}",
		"l.first != nil {\n\t\td.replace(l)\n\t}",
	}}},
	{Name: "outdated-replaces", Kind: "keep-latest takes what comes again behind a newer one for newer", Swap: []Swap{{
		"pipeline/latest.go", "case at.before(known):", "case at.before(known) && m.Sequence == 0:",
	}}},
	{Name: "batch-loses-last", Kind: "a batch loses its last message", Swap: []Swap{{
		"pipeline/batch.go", "for e := p.first; e != nil; e = e.next {\n\t\tbuf = framing.Append(",
		"for e := p.first; e != nil && (e.next != nil || e == p.first); e = e.next {\n\t\tbuf = framing.Append(",
	}}},
	{Name: "batch-not-split", Kind: "a refused batch is tried again as it is", Swap: []Swap{{
		"pipeline/retry.go", "p.split()\n\t\td.putBack(p)", "d.putBack(p)",
	}}},
	{Name: "batch-rejected-whole", Kind: "all of a refused batch is given up for one message", Swap: []Swap{{
		"pipeline/retry.go", "p.split()\n\t\td.putBack(p)",
		"for p.n > 0 {\n\t\t\td.end(p.pop(), Rejected)\n\t\t}",
	}}},
	{Name: "counted-twice", Kind: "what is delivered again is counted twice", Swap: []Swap{{
		"pipeline/route.go", "if m.Redelivered {\n\t\tr.redelivered++",
		"if m.Redelivered {\n\t\tr.received++\n\t\tr.redelivered++",
	}}},
	{Name: "published-miscounted", Kind: "what is published at a second attempt is counted as dropped", Swap: []Swap{{
		"pipeline/settle.go", "r.settled[o]++\n\tr.bytes -=",
		"if o == Published && e.attempts > 1 {\n\t\tr.settled[Dropped]++\n\t} else {\n" +
			"\t\tr.settled[o]++\n\t}\n\tr.bytes -=",
	}}},
	{Name: "letter-not-stored", Kind: "a message ends as a dead letter that was not stored", Swap: []Swap{{
		"pipeline/deadletter.go", "*p.first.rejection); err != nil {\n\t\treturn false, err\n\t}",
		"*p.first.rejection); err != nil {\n\t\treturn true, nil\n\t}",
	}}},
	{Name: "too-large", Kind: "what is larger than max_payload is published", Swap: []Swap{{
		"pipeline/route_config.go", "if len(e.payload) > c.MaxPayload {", "if len(e.payload) > 2*c.MaxPayload {",
	}}},
}
