package planted

var ofSource = []Fault{
	{Name: "ack-not-resent", Kind: "acknowledgements lost with a connection are not sent again, nor told", Swap: []Swap{
		{
			"source/acks.go", "a.reconnects = reconnects\n\treturn a.sendAll()",
			"a.reconnects, a.unsent = reconnects, 0\n\treturn nil",
		},
		{"source/acks.go", "replies = append(replies, reply)", "replies = replies[:0]"},
	}},
	{Name: "ack-at-once", Kind: "a message is acknowledged before the endpoint's 204", Swap: []Swap{{
		"source/jetstream_deliveries.go", "message.Handle = d\n\t\troute.Submit(message)",
		"message.Handle = d\n\t\t_ = j.acks.done(m.Reply, true)\n\t\troute.Submit(message)",
	}}},
	{Name: "last-acks-kept", Kind: "acknowledgements wait for more of them, for ever", Swap: []Swap{
		{"source/acks.go", "a.late.Reset(ackDelay)", "a.late.Reset(time.Hour)"},
		{"source/acks.go", "if hurry || a.unsent >= ackBatch {", "if a.unsent >= ackBatch {"},
		{"source/acks.go", "err := a.send()\n\tupTo,", "var err error\n\tupTo,"},
		{"source/watch.go", "w.j.acks.push()\n\t\t\tif w.proveAcks()", "if w.proveAcks()"},
	}},
	{Name: "reconnect-unsettled", Kind: "after a reconnect or a gap what comes is published at once", Swap: []Swap{
		{"source/jetstream.go", "j.barrier.raise(\"the connection was lost\")", "j.barrier.shared.Load()"},
		{"source/barrier.go", "b.raise(\"a delivery was lost\")", "b.next.Store(consumer + 1)"},
	}},
	{Name: "bind-unsettled", Kind: "a consumer is taken over without settling what others have held", Swap: []Swap{{
		"source/jetstream.go", "j.unsettle(\"the consumer was bound\")\n", "",
	}}},
	{Name: "settled-too-soon", Kind: "the barrier opens before all that is older is in hand", Swap: []Swap{{
		"source/barrier.go", "return b.missing <= 0 && !b.gap", "return true",
	}}},
	{Name: "settled-unsorted", Kind: "what has waited at the barrier goes on as it came", Swap: []Swap{{
		"source/barrier.go", "cmp.Compare(x.sequence, y.sequence)", "cmp.Compare(y.sequence, x.sequence)",
	}}},
	{Name: "redelivery-twice", Kind: "what is held and delivered again is submitted twice", Swap: []Swap{{
		"source/deliveries.go", "held, known := q.find(sequence); known {",
		"held, known := q.find(sequence); known && held == nil {",
	}}},
	{Name: "ended-again", Kind: "what has ended and is delivered again is published again", Swap: []Swap{{
		"source/deliveries.go", "held, known := q.find(sequence); known {",
		"held, known := q.find(sequence); known && held != nil {",
	}}},
	{Name: "not-renewed", Kind: "what is held for long is not renewed", Swap: []Swap{{
		"source/watch.go", "w.renewals = w.j.held.due(now, now.Add(wait/2), share, w.renewals[:0])",
		"w.j.held.due(now, now.Add(wait/2), share, w.renewals[:0])",
	}}, Form: "longer"},
	{Name: "room-kept", Kind: "room that was reserved and is not used is never given back", Swap: []Swap{{
		"source/pull_answers.go", "p.route.Release(remaining)\n", "",
	}}},
	{Name: "requests-remembered", Kind: "requests that died with a connection are waited for", Swap: []Swap{{
		"source/pull.go", "defer p.mu.Unlock()\n\tp.voidAll()\n\tp.well()", "defer p.mu.Unlock()\n\tp.well()",
	}}},
	{Name: "consumer-not-remade", Kind: "a consumer that was deleted is not made again", Swap: []Swap{{
		"source/consumer.go", "if j.cfg.Create {", "if j.cfg.Create && j.created.IsZero() {",
	}}},
}
