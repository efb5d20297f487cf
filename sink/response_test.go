package sink

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"momento-bridge/pipeline"
)

func TestEachAnswerHasItsVerdict(t *testing.T) {
	tests := map[string]struct {
		status  int
		body    string
		verdict pipeline.Verdict
		result  pipeline.Result
	}{
		"no content is published":                      {204, "", pipeline.Accept, pipeline.Result204},
		"any success is published":                     {200, "{}", pipeline.Accept, pipeline.Result204},
		"a bad request is poison":                      {400, `{"message":"bad"}`, pipeline.Reject, pipeline.Result400},
		"too large is poison":                          {413, "", pipeline.Reject, pipeline.ResultOther},
		"an unknown client error is poison":            {422, "", pipeline.Reject, pipeline.ResultOther},
		"a refused key halts everything":               {401, "", pipeline.HaltAll, pipeline.Result401},
		"a missing permission halts the topic":         {403, "", pipeline.HaltTopic, pipeline.Result403},
		"a missing cache halts its routes":             {404, `{"message":"Cache not found"}`, pipeline.HaltCache, pipeline.Result404},
		"a rate limit slows down":                      {429, `{"message":"Request rate exceeded."}`, pipeline.SlowDown, pipeline.Result429},
		"a throughput limit slows down":                {429, `{"message":"Throughput rate exceeded."}`, pipeline.SlowDown, pipeline.Result429},
		"a rate limit's code slows down":               {429, `{"err":"operations_rate_limit_exceeded"}`, pipeline.SlowDown, pipeline.Result429},
		"a 429 that says nothing slows down":           {429, "", pipeline.SlowDown, pipeline.Result429},
		"a 429 for the request's size is poison":       {429, `{"err":"request_size_limit_exceeded"}`, pipeline.Reject, pipeline.Result429},
		"a 429 for the item's size is poison":          {429, `{"err":"item_size_limit_exceeded"}`, pipeline.Reject, pipeline.Result429},
		"a 429 for the size in plain text is poison":   {429, "element size too big", pipeline.Reject, pipeline.Result429},
		"a request timeout is tried again":             {408, "", pipeline.Retry, pipeline.ResultOther},
		"a server error is tried again":                {500, "oops", pipeline.Retry, pipeline.Result5xx},
		"an unavailable server is tried again":         {503, "", pipeline.Retry, pipeline.Result5xx},
		"a redirect is not the message's fault":        {302, "", pipeline.Retry, pipeline.ResultOther},
		"a status outside the standard is tried again": {999, "", pipeline.Retry, pipeline.ResultOther},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := classify(tt.status, "", []byte(tt.body), withoutSecrets(nil, nil), time.Now())
			if a.Verdict != tt.verdict || a.Result != tt.result || a.Status != tt.status {
				t.Errorf("classify(%d) = %v %v %d, want %v %v", tt.status, a.Verdict, a.Result, a.Status, tt.verdict, tt.result)
			}
		})
	}
}

func TestRefusalForThroughputIsToldApart(t *testing.T) {
	for body, want := range map[string]string{
		`{"message":"Throughput rate exceeded."}`:  pipeline.ReasonThroughput,
		`{"err":"throughput_rate_limit_exceeded"}`: pipeline.ReasonThroughput,
		`{"err":"operations_rate_limit_exceeded"}`: "",
		`{"message":"Request rate exceeded."}`:     "",
		``:                                         "",
	} {
		if got := classify(429, "", []byte(body), withoutSecrets(nil, nil), time.Now()).Reason; got != want {
			t.Errorf("a 429 with the body %q has the reason %q, want %q", body, got, want)
		}
	}
}

func TestDetailSaysWhatTheBodySaid(t *testing.T) {
	f := func(status int, body, want string) {
		t.Helper()
		if got := classify(status, "", []byte(body), withoutSecrets(nil, nil), time.Now()).Detail; got != want {
			t.Errorf("detail of %d %q = %q, want %q", status, body, got, want)
		}
	}
	f(429, `{"message":"Request rate exceeded."}`, "429 Request rate exceeded.")
	f(400, `{"code":"invalid_argument","message":"no","err":"e"}`, "400 e: invalid_argument: no")
	f(500, `{"detail":"a\nb"}`, "500 a b")
	f(500, "plain\x00 text\n", "500 plain text")
	f(403, "", "403")
	f(403, `{"other":1}`, "403")
	f(500, strings.Repeat("é", 300), "500 "+strings.Repeat("é", 99)+"…")
}

func FuzzEveryAnswerHasAVerdict(f *testing.F) {
	f.Add(429, "3", []byte(`{"message":"Request rate exceeded."}`))
	f.Add(204, "", []byte(nil))
	f.Add(0, "Mon, 23 Nov 2026 12:01:00 GMT", []byte("\xff\xfe"))
	f.Fuzz(func(t *testing.T, status int, retryAfter string, body []byte) {
		a := classify(status, retryAfter, body, withoutSecrets(nil, nil), time.Now())
		if a.Verdict < pipeline.Accept || a.Verdict > pipeline.Ambiguous {
			t.Errorf("verdict %d", a.Verdict)
		}
		if (a.Verdict == pipeline.Accept) != (status >= 200 && status < 300) {
			t.Errorf("status %d is %v", status, a.Verdict)
		}
		if a.RetryAfter < 0 || a.RetryAfter > longestRetryAfter {
			t.Errorf("retry after %v", a.RetryAfter)
		}
		if len(a.Detail) > maxExcerpt+30 || !utf8.ValidString(a.Detail) || strings.ContainsAny(a.Detail, "\n\r\x00") {
			t.Errorf("detail %q", a.Detail)
		}
		_ = a.Result.String()
	})
}

// Whatever an endpoint echoes of a request, and wherever its text is cut, neither the key nor the payload is left.
func TestAnswerThatEchoesSecretsIsTold(t *testing.T) {
	key := &Key{raw: "SECRET+/" + strings.Repeat("SECRET", 100) + "=="}
	payload := []byte(`{"who":"somebody"}`)
	f := func(body, want string) {
		t.Helper()
		if got := classify(400, "", []byte(body), withoutSecrets(key, payload), time.Now()).Detail; got != want {
			t.Errorf("%s is told as %q, want %q", body, got, want)
		}
	}
	f("no such key: "+key.raw, "400 no such key: ***")
	f("cannot serve /topics/c/t?token="+string(appendSegment(nil, key.raw)), "400 cannot serve /topics/c/t?token=***")
	f(`{"message":"key `+strings.ReplaceAll(key.raw, "/", `\/`)+` is unknown"}`, "400 key *** is unknown")
	f(`{"message":"bad value {\"who\":\"somebody\"}"}`, "400 bad value ***")
	if got := withoutSecrets(key, []byte("is"))("this is bad"); got != "this is bad" {
		t.Errorf("a payload as short as a word is looked for: %q", got)
	}
}
