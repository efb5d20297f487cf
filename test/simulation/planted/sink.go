package planted

var ofSink = []Fault{
	{Name: "stale-answer", Kind: "a late answer is taken for that of the next publish", Swap: []Swap{{
		"sink/receive.go", "c.close()\n\tfor i, w := range c.awaited {",
		"if !isTimeout(e.err) {\n\t\tc.close()\n\t}\n\tfor i, w := range c.awaited {",
	}}},
	{Name: "unasked-answer", Kind: "an answer that nobody asked for is taken for the next one", Swap: []Swap{
		{
			"sink/receive.go", "if len(c.awaited) == 0 {\n\t\tc.close()\n\t\treturn dst",
			"if len(c.awaited) == 0 {\n\t\t<-c.wake\n\t\treturn dst",
		},
		{"sink/connection.go", "if c.silent() {\n\t\t\treturn nil\n\t\t}\n\t\tc.close()", "return nil"},
	}},
	{Name: "answer-never-given-up", Kind: "an answer that never comes is waited for, for ever", Swap: []Swap{{
		"sink/receive.go", "until = c.awaited[0].r.Deadline", "until = now.Add(time.Hour)",
	}}},
	{Name: "refusal-rejects", Kind: "429 is taken for a rejection", Swap: []Swap{{
		"sink/classify.go",
		"return judgement{verdict: pipeline.SlowDown, reason: said.quota()}\n}\n\n// statusOverloaded",
		"return judgement{verdict: pipeline.Reject, reason: said.quota()}\n}\n\n// statusOverloaded",
	}}},
	{Name: "failure-rejects", Kind: "5xx is taken for a rejection", Swap: []Swap{{
		"sink/classify.go", "return judgement{verdict: pipeline.Retry, advice: advices[status]}",
		"return judgement{verdict: pipeline.Reject, reason: \"failed\"}",
	}}},
	{Name: "page-accepts", Kind: "a web page with 200 is taken for accepted", Swap: []Swap{{
		"sink/classify.go", "case said.page || status > http.StatusAccepted:", "case status > http.StatusAccepted:",
	}}},
	{Name: "half-answer-accepts", Kind: "half of a status line is taken for accepted", Swap: []Swap{{
		"sink/answers.go", "return reply{answered: a.salvage(), last: true, err: plain(err)}",
		"if !a.salvage() {\n\t\t\ta.resp.SetStatusCode(fasthttp.StatusNoContent)\n\t\t}\n" +
			"\t\treturn reply{answered: true, last: true, err: plain(err)}",
	}}},
}
