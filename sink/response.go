package sink

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/valyala/fasthttp"

	"momento-bridge/pipeline"
)

// answered turns what fasthttp has read into an answer. It may hold no body, if that was too large.
func answered(resp *fasthttp.Response, key *Key, payload []byte) pipeline.Answer {
	status := resp.StatusCode()
	if status == http.StatusNoContent {
		return pipeline.Answer{Verdict: pipeline.Accept, Result: pipeline.Result204, Status: status}
	}
	retryAfter := string(resp.Header.Peek(fasthttp.HeaderRetryAfter))
	return classify(status, retryAfter, resp.Body(), withoutSecrets(key, payload), time.Now())
}

// shortPayload is the length up to which a payload is not looked for in an answer: it would be found in any words.
const shortPayload = 3

// withoutSecrets takes out of an answer's text what it may echo of a publish: the key and the payload.
func withoutSecrets(key *Key, payload []byte) func(text string) string {
	return func(text string) string {
		if len(payload) > shortPayload {
			text = strings.ReplaceAll(text, string(payload), "***")
		}
		return key.redact(text)
	}
}

// isTimeout reports whether an error of a connection means that its deadline has passed.
func isTimeout(err error) bool {
	return errors.Is(err, fasthttp.ErrTimeout) || errors.Is(err, os.ErrDeadlineExceeded)
}

// classify turns an HTTP answer into a verdict; redact takes out what its body must not tell. It is a pure function of its arguments.
func classify(status int, retryAfter string, body []byte, redact func(string) string, now time.Time) pipeline.Answer {
	a := pipeline.Answer{Status: status, Result: result(status)}
	if status >= 200 && status < 300 {
		a.Verdict = pipeline.Accept
		return a
	}
	why := readBody(body, redact)
	a.Detail = strings.TrimSpace(strconv.Itoa(status) + " " + why)
	a.RetryAfter = readRetryAfter([]string{retryAfter}, "", now)
	switch {
	case status == http.StatusUnauthorized:
		a.Verdict = pipeline.HaltAll
	case status == http.StatusForbidden:
		a.Verdict = pipeline.HaltTopic
	case status == http.StatusNotFound:
		a.Verdict = pipeline.HaltCache
	case status == http.StatusTooManyRequests && namesSize(why):
		a.Verdict, a.Reason = pipeline.Reject, "size_refused"
	case status == http.StatusTooManyRequests:
		a.Verdict = pipeline.SlowDown
		if strings.Contains(strings.ToLower(why), "throughput") {
			a.Reason = pipeline.ReasonThroughput
		}
	case status == http.StatusRequestTimeout || status >= 500:
		a.Verdict = pipeline.Retry
	case status == http.StatusRequestEntityTooLarge:
		a.Verdict, a.Reason = pipeline.Reject, "size_refused"
	case status >= 400:
		a.Verdict, a.Reason = pipeline.Reject, "bad_request"
	default: // A redirect or an interim answer: the endpoint is not what it should be, the message is not to blame.
		a.Verdict = pipeline.Retry
	}
	return a
}

func result(status int) pipeline.Result {
	switch {
	case status >= 200 && status < 300:
		return pipeline.Result204
	case status == 400:
		return pipeline.Result400
	case status == 401:
		return pipeline.Result401
	case status == 403:
		return pipeline.Result403
	case status == 404:
		return pipeline.Result404
	case status == 429:
		return pipeline.Result429
	case status >= 500 && status < 600:
		return pipeline.Result5xx
	}
	return pipeline.ResultOther
}

// maxExcerpt bounds what is kept of an error's body, in bytes.
const maxExcerpt = 200

// readBody returns what an error's body says, in one bounded line of printable text. Momento's HTTP interfaces answer
// errors with a JSON object of message, code, err or detail, with plain text, or with nothing. Secrets are taken out first, so that the bound cannot cut them.
func readBody(body []byte, redact func(string) string) string {
	var object map[string]any
	if json.Unmarshal(body, &object) != nil {
		return excerpt(redact(string(body)))
	}
	var parts []string
	for _, field := range [...]string{"err", "code", "message", "detail", "description"} {
		if text, ok := object[field].(string); ok && text != "" {
			parts = append(parts, text)
		}
	}
	return excerpt(redact(strings.Join(parts, ": ")))
}

func excerpt(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsSpace(r) {
			r = ' '
		}
		if !unicode.IsPrint(r) {
			continue
		}
		if b.Len()+4 > maxExcerpt {
			b.WriteString("…")
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// namesSize reports whether a 429 is about the message's size rather than about the quota: Momento's other interfaces use one
// status for both, told apart by these codes and words.
func namesSize(why string) bool {
	why = strings.ToLower(why)
	for _, words := range [...]string{"size_limit", "size limit", "request limit", "item size", "element size", "message size", "payload size", "too large"} {
		if strings.Contains(why, words) {
			return true
		}
	}
	return false
}
