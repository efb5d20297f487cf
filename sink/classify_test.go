package sink

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"momento-bridge/excerpt"
	"momento-bridge/pipeline"
)

// bodies are what comes with a status, by what it is.
var bodies = []struct {
	name string
	page bool
	response
}{
	{"nothing", false, response{}},
	{"text", false, response{contentType: "text/plain; charset=utf-8", body: []byte("what it says")}},
	{"JSON", false, response{contentType: "application/json", body: []byte(`{"message":"what it says"}`)}},
	{"half of it", false, response{contentType: "application/json", body: []byte(`{"message":"what it sa`), cut: true}},
	{"bytes", false, response{contentType: "application/octet-stream", body: []byte("\x00\xff\xfe\x01")}},
	{"a page by its type", true, response{contentType: "Text/HTML ; charset=utf-8", body: []byte("what it says")}},
	{"a page by its type alone", true, response{contentType: "text/html"}},
	{"XHTML", true, response{contentType: "application/xhtml+xml", body: []byte("what it says")}},
	{"a page by its first sign", true, response{contentType: "text/plain", body: []byte("<html><title>Yes</title>")}},
	{"a page after white space", true, response{body: []byte("\xef\xbb\xbf\r\n\t <!DOCTYPE html>\n<h1>It says</h1>")}},
	{"a page in UTF-16", true, response{body: []byte("\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00")}},
	{"half a page", true, response{body: []byte("<ht")}},
	{"an XML document", true, response{contentType: "application/xml", body: []byte("<?xml version='1.0'?><Error/>")}},
}

func TestEachAnswerHasItsVerdict(t *testing.T) {
	t.Parallel()
	const (
		accept, reject, all, topic = pipeline.Accept, pipeline.Reject, pipeline.HaltAll, pipeline.HaltTopic
		cache, slow, retry         = pipeline.HaltCache, pipeline.SlowDown, pipeline.Retry
		other                      = pipeline.ResultOther
	)
	for _, tt := range []struct {
		status int
		plain  pipeline.Verdict // What follows from text, JSON, or nothing,
		page   pipeline.Verdict // and from a web page.
		result pipeline.Result
		reason string
		advice string // Words of the detail, with whatever body,
		onPage string // and with a page.
	}{
		{204, accept, accept, pipeline.Result204, "", "", ""},
		{200, accept, retry, pipeline.Result204, "", "", "not Momento's API; check momento.endpoint"},
		{201, accept, retry, pipeline.Result204, "", "", "not Momento's API"},
		{202, accept, retry, pipeline.Result204, "", "", "not Momento's API"},
		{203, retry, retry, other, "", "not Momento's API", "not Momento's API"},
		{206, retry, retry, other, "", "not Momento's API", "not Momento's API"},
		{299, retry, retry, other, "", "not Momento's API", "not Momento's API"},
		{101, retry, retry, other, "", "another protocol", ""},
		{103, retry, retry, other, "", "check momento.endpoint", ""},
		{301, retry, retry, other, "", "redirect", ""},
		{302, retry, retry, other, "", "redirect", ""},
		{304, retry, retry, other, "", "redirect", ""},
		{307, retry, retry, other, "", "redirect", ""},
		{400, reject, retry, pipeline.Result400, "bad_request", "", "cannot take the request"},
		{401, all, retry, pipeline.Result401, "", "", "wants a login"},
		{402, retry, retry, other, "", "plan and bills", ""},
		{403, topic, retry, pipeline.Result403, "", "", "firewall or proxy"},
		{404, cache, retry, pipeline.Result404, "", "", "does not know Momento's paths"},
		{405, retry, retry, other, "", "no POST", ""},
		{406, retry, retry, other, "", "check momento.endpoint", ""},
		{407, retry, retry, other, "", "momento.proxy", ""},
		{408, retry, retry, other, "", "in time", ""},
		{409, retry, retry, other, "", "check momento.endpoint", ""},
		{410, retry, retry, other, "", "check momento.endpoint", ""},
		{411, retry, retry, other, "", "proxy", ""},
		{413, reject, retry, other, "size_refused", "", "raise its limit"},
		{414, retry, retry, other, "", "too long", ""},
		{415, retry, retry, other, "", "content_type", ""},
		{417, retry, retry, other, "", "proxies", ""},
		{418, retry, retry, other, "", "gives no such answer", ""},
		{421, retry, retry, other, "", "wrong server", ""},
		{422, retry, retry, other, "", "gives no such answer", ""},
		{425, retry, retry, other, "", "early data", ""},
		{426, retry, retry, other, "", "wrong protocol", ""},
		{429, slow, slow, pipeline.Result429, "", "", ""},
		{431, retry, retry, other, "", "too large", ""},
		{444, retry, retry, other, "", "rules", ""},
		{451, retry, retry, other, "", "legal reasons", ""},
		{499, retry, retry, other, "", "momento.timeout", ""},
		{500, retry, retry, pipeline.Result5xx, "", "", ""},
		{501, retry, retry, pipeline.Result5xx, "", "check momento.endpoint", ""},
		{502, retry, retry, pipeline.Result5xx, "", "", ""},
		{503, retry, retry, pipeline.Result5xx, "", "", ""},
		{511, retry, retry, pipeline.Result5xx, "", "login", ""},
		{599, retry, retry, pipeline.Result5xx, "", "", ""},
		{600, retry, retry, other, "", "check momento.endpoint", ""},
		{999, retry, retry, other, "", "check momento.endpoint", ""},
		{0, retry, retry, other, "", "check momento.endpoint", ""},
	} {
		for _, body := range bodies {
			t.Run(fmt.Sprintf("%d with %s", tt.status, body.name), func(t *testing.T) {
				want := pipeline.Answer{Verdict: tt.plain, Result: tt.result, Status: tt.status, Reason: tt.reason}
				words := []string{tt.advice}
				if body.page {
					want.Verdict, want.Reason = tt.page, ""
					words = append(words, tt.onPage, " with a")
				}
				// It has come, and says more.
				if want.Verdict == accept && tt.status != 204 && len(body.body) > 0 && !body.cut {
					want.Verdict = retry
					words = append(words, "not Momento's API")
				}
				if tt.status/100 == 2 && want.Verdict != pipeline.Accept { // 204 stands for what is accepted.
					want.Result = other
				}
				// Of a 5xx that is Momento's, the message may be the reason.
				want.Foreign = want.Verdict == retry && (body.page || tt.status/100 != 5 || tt.advice != "")
				r := body.response
				r.status = tt.status
				got := classify(&r, secrets{}, time.Now())
				detail := got.Detail
				if got.Detail, got.Advised = "", false; got != want {
					t.Errorf("it is %+v, want %+v", got, want)
				}
				saysAll(t, detail, got.Verdict, words...)
			})
		}
	}
}

// maxDetail is what the status keeps of a detail, in bytes.
const maxDetail = 300

// saysAll checks the detail of an answer, of which there is none for what is accepted.
func saysAll(t *testing.T, detail string, v pipeline.Verdict, words ...string) {
	t.Helper()
	if v == pipeline.Accept {
		if detail != "" {
			t.Errorf("the detail is %q, want none", detail)
		}
		return
	}
	for _, w := range words {
		if !strings.Contains(detail, w) {
			t.Errorf("the detail is %q, want %q in it", detail, w)
		}
	}
	if len(detail) > maxDetail {
		t.Errorf("the detail is %d bytes long, want %d at the most: %s", len(detail), maxDetail, detail)
	}
}

func TestWordsOfAnAnswerDecide(t *testing.T) {
	t.Parallel()
	const reject, slow, retry = pipeline.Reject, pipeline.SlowDown, pipeline.Retry
	const bytes, size, bad = pipeline.ReasonThroughput, "size_refused", "bad_request"
	for _, tt := range []struct {
		status  int
		body    string
		verdict pipeline.Verdict
		reason  string
		detail  string
	}{
		{429, `{"message":"Request rate exceeded."}`, slow, "", "429 Request rate exceeded."},
		{429, `{"err":"operations_rate_limit_exceeded"}`, slow, "", ""},
		{429, `{"message":"Throughput rate exceeded."}`, slow, bytes, ""},
		{429, `{"err":"throughput_rate_limit_exceeded"}`, slow, bytes, ""},
		{429, `<p>throughput`, slow, "", "429 with a web page"},
		{429, `{"err":"request_size_limit_exceeded"}`, reject, size, ""},
		{429, `{"err":"item_size_limit_exceeded"}`, reject, size, ""},
		{429, `element size too big`, reject, size, ""},
		{429, `{"error":{"code":"ITEM-SIZE-LIMIT"}}`, reject, size, ""},
		{429, `<p>item size limit`, slow, "", ""},
		{503, `{"message":"Request rate exceeded."}`, slow, "", "503 Request rate exceeded."},
		{503, `{"message":"Throughput rate exceeded."}`, slow, bytes, ""},
		{500, `ThrottlingException`, slow, "", ""},
		{503, `Too Many Requests`, slow, "", ""},
		{500, `{"detail":"over quota"}`, slow, "", ""},
		{500, `{"code":"LIMIT_EXCEEDED"}`, slow, "", ""},
		{503, `<p>rate exceeded, quota, throttled`, retry, "", ""},
		{500, `size limit exceeded`, retry, "", ""},
		{504, `time limit exceeded`, retry, "", ""},
		{503, strings.Repeat("x ", maxWords/2) + "quota", retry, "", "…"},
		{503, `{"message":"Throughput limit exceeded, slow down"}`, slow, bytes, ""},
		{503, `<h1>Service Unavailable</h1>`, retry, "", "web page"},
		{529, `{"message":"Overloaded"}`, slow, "", "529 Overloaded"},
		{529, `<p>overloaded`, retry, "", "web page"},
		{403, `{"message":"Request rate exceeded."}`, slow, "", "403 Request rate exceeded."},
		{403, `{"message":"Throughput rate exceeded."}`, slow, bytes, ""},
		{403, `{"error":{"errors":[{"reason":"rateLimitExceeded"}],"message":"Rate Limit Exceeded"}}`, slow, "", ""},
		{403, `{"code":"QUOTA_EXCEEDED"}`, slow, "", ""},
		{403, `<p>rate limit exceeded`, retry, "", "web page"},
		{403, `{"message":"no permission quota-admin, limit: read"}`, pipeline.HaltTopic, "", ""},
		{403, `{"message":"denied by ip_filter"}`, retry, "", "denied by ip_filter: " + otherAddresses},
		{403, `Source IP is not in an allowed CIDR range`, retry, "", otherAddresses},
		{403, `{"message":"no permission for the topic shipping"}`, pipeline.HaltTopic, "", ""},
		{404, `404 page not found`, retry, "", "does not know Momento's paths"},
		{404, `Cache not found`, pipeline.HaltCache, "", "404 Cache not found"},
		{400, `{"message":"Only one of the Authorization header and token must be set"}`, retry, "", "a second key"},
		{400, `Client sent an HTTP request to an HTTPS server.`, retry, "", "wants https"},
		{400, `400 Bad Request: malformed Host header`, retry, "", "host name"},
		{400, `unexpected token } in JSON`, reject, bad, ""},
		{400, `limit exceeded`, reject, bad, ""},
	} {
		t.Run(fmt.Sprint(tt.status, " ", tt.body), func(t *testing.T) {
			got := classify(&response{status: tt.status, body: []byte(tt.body)}, secrets{}, time.Now())
			if got.Verdict != tt.verdict || got.Reason != tt.reason {
				t.Errorf("it is %v %q, want %v %q", got.Verdict, got.Reason, tt.verdict, tt.reason)
			}
			saysAll(t, got.Detail, got.Verdict, tt.detail)
		})
	}
}

func TestFailureThatAsksForAWaitSlowsDown(t *testing.T) {
	t.Parallel()
	for wish, want := range map[string]pipeline.Verdict{
		"2": pipeline.SlowDown, "0": pipeline.Retry, "soon": pipeline.Retry, "": pipeline.Retry,
	} {
		r := &response{status: 503, retryAfter: []string{wish}}
		if got := classify(r, secrets{}, time.Now()); got.Verdict != want || got.Foreign {
			t.Errorf("503 with Retry-After %q is %+v, want %v", wish, got, want)
		}
	}
}

// A proxy's page of maintenance is no word of Momento's about a quota. Its wait is obeyed all the same.
func TestPagesThatAskForAWaitSayNothingOfTheQuota(t *testing.T) {
	t.Parallel()
	for _, status := range []int{500, 502, 503, 504, 521, 529} {
		for _, body := range []string{"<html>", "<p>too many requests: rate limit exceeded"} {
			r := &response{status: status, retryAfter: []string{"2"}, body: []byte(body)}
			got := classify(r, secrets{}, time.Now())
			if got.Verdict != pipeline.Retry || !got.Foreign || got.RetryAfter != 2*time.Second {
				t.Errorf("%d %q with Retry-After is %+v, want it tried again, after 2 s", status, body, got)
			}
		}
	}
}

func TestSuccessIsBelievedUnlessItTellsOfAnError(t *testing.T) {
	t.Parallel()
	f := func(want pipeline.Verdict, result pipeline.Result, bodies ...string) {
		t.Helper()
		for _, body := range bodies {
			r := &response{status: 200, contentType: "application/json", body: []byte(body)}
			got := classify(r, secrets{}, time.Now())
			if got.Verdict != want || got.Result != result {
				t.Errorf("200 %s is %v and counts as %v, want %v and %v", body, got.Verdict, got.Result, want, result)
			}
			saysAll(t, got.Detail, got.Verdict, "told as a success: this is not Momento's API; check momento.endpoint")
		}
	}
	f(pipeline.Accept, pipeline.Result204,
		`{}`, `[]`, `[1]`, `null`, `true`, `"error"`, `ok`, ` OK. `, `Accepted`,
		`{"error":null}`, `{"error":""}`, `{"error":false}`, `{"error":0}`, `{"error":{}}`, `{"errors":[]}`,
		`{"err":"none"}`, `{"code":200,"message":"fine"}`, `{"code":0,"message":"fine"}`,
		`{"code":"OK","message":"published"}`,
		`{"code":"no_words"}`, `{"message":"ok"}`, `{"id":1}`, `{"status":200}`, `{"status":"ok"}`, `{"success":true}`)
	f(pipeline.Retry, pipeline.ResultOther,
		`{"error":"No such route"}`, `{"error":true,"message":"x"}`, `{"Error":{"Code":1}}`, `{"err":"x"}`,
		`{"errors":[{"message":"x"}]}`, `{"code":"NotFound","message":"x"}`, `{"code":5,"detail":"x"}`,
		`{"code":404,"message":"x"}`, `{"status":404}`, `{"status":"500"}`, `{"statusCode":403}`,
		`{"status":"error","message":"x"}`, `{"success":false}`, `{"ok":false}`,
		`{"message":"Invalid credentials","error_code":"x"}`,
		`{"message":"Forbidden"}`, `[{"error":"x"}]`, "\xef\xbb\xbf"+`{"error":"x"}`)
}

// What has come whole and is not what an API says beside a success, or cannot be read, is no evidence. What has
// broken off says nothing.
func TestSuccessOfAStrangerIsNotBelieved(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]response{
		"text":                 {contentType: "text/plain", body: []byte("Not Found")},
		"a script":             {contentType: "text/javascript", body: []byte("window.location='/login'")},
		"a picture":            {contentType: "image/jpeg"},
		"events":               {contentType: "text/event-stream", cut: true, body: []byte("<p>")},
		"gRPC":                 {contentType: "application/grpc"},
		"a body in br":         {encoding: "br", body: []byte("\x8b")},
		"bytes without a type": {body: []byte("\x00\x01")},
	} {
		r.status = 200
		if got := classify(&r, secrets{}, time.Now()); got.Verdict != pipeline.Retry || !strings.Contains(got.Detail,
			notMomento) {
			t.Errorf("200 with %s is %v %q", name, got.Verdict, got.Detail)
		}
		r.cut, r.contentType, r.encoding = true, "application/json", ""
		if got := classify(&r, secrets{}, time.Now()); name != "events" && got.Verdict != pipeline.Accept {
			t.Errorf("200 with a part of %s is %v %q", name, got.Verdict, got.Detail)
		}
	}
}

func TestAdviceIsWholeBesideALongBody(t *testing.T) {
	t.Parallel()
	for status := 300; status < 520; status++ {
		for _, body := range []string{"", "<title>", "ip_filter"} {
			r := &response{
				status: status, body: []byte(body + strings.Repeat("long ", 200)),
				location: "https://" + strings.Repeat("long.", 100),
			}
			if got := classify(r, secrets{}, time.Now()).Detail; len(got) > maxDetail {
				t.Errorf("the detail of %d is %d bytes long, want %d at the most: %s", status, len(got), maxDetail, got)
			}
		}
	}
}

func TestRedirectTellsItsHostAlone(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"https://login.example.com/sso?token=secret#x":    "a redirect to https://login.example.com: momento",
		"//elsewhere.example.com:8443/x":                  "a redirect to elsewhere.example.com:8443: ",
		"http://user:secret@other.example.com/":           "a redirect to http://other.example.com: ",
		"https://the-secret-key.example.com/":             "a redirect to " + excerpt.Withheld + ": ",
		"/login?token=secret":                             "a redirect: this is not Momento's API",
		"http://[broken":                                  "a redirect: this is not Momento's API",
		"":                                                "a redirect: this is not Momento's API",
		"https://" + strings.Repeat("a", 500) + ".org/x":  "…: momento.endpoint should be that",
		"https://\xff\u202e.example.com/":                 "momento.endpoint",
		"https://multi\r\nline.example.com/secret?secret": "momento",
	} {
		got := classify(&response{status: 302, location: location},
			secrets{keys: [2]string{"the-secret-key"}}, time.Now())
		if got.Verdict != pipeline.Retry {
			t.Errorf("302 to %q is %v", location, got.Verdict)
		}
		if !strings.HasPrefix(got.Detail, "302: ") || !strings.Contains(got.Detail, want) {
			t.Errorf("302 to %q is told as %q, want %q", location, got.Detail, want)
		}
		broken := strings.ContainsAny(got.Detail, "\r\n\u202e") || strings.Contains(got.Detail, "secret")
		if len(got.Detail) > maxDetail || broken {
			t.Errorf("302 to %q is told as %q, want a line without secrets", location, got.Detail)
		}
	}
}
