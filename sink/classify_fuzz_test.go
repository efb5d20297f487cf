package sink

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"momento-bridge/pipeline"
	"momento-bridge/test/encodings"
)

// echoes are the ways of servers to send back what they were sent.
var echoes = [...]func(text string) string{
	func(text string) string { return text },
	html.EscapeString,
	url.QueryEscape,
	url.PathEscape,
	func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) },
	func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) },
	func(text string) string { quoted, _ := json.Marshal(text); return string(quoted) },
	func(text string) string {
		object, _ := json.Marshal(map[string]string{"message": text})
		return string(object)
	},
	func(text string) string { return gzipText(text) },
}

func gzipText(text string) string { return string(gzipped(text)) }

// blaming are the verdicts that need an answer of Momento's.
var blaming = []pipeline.Verdict{pipeline.Reject, pipeline.HaltAll, pipeline.HaltTopic, pipeline.HaltCache}

// Whatever comes, there is a verdict, which needs evidence, and a line to tell, without the key and the payload.
func FuzzEveryAnswerHasAVerdict(f *testing.F) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	raw := make([]byte, 601)
	for i := range raw {
		raw[i] = byte(i * i * i / 7)
	}
	const inner = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJub2JvZHkifQ.c2lnbmF0dXJl"
	outer := base64.StdEncoding.EncodeToString(raw)
	keys, finder := [2]string{outer, inner}, encodings.NewFinder(outer)
	add := func(status int, kind, encoding, location, retryAfter, date, before, after, own string, how int) {
		f.Add(status, kind, encoding, location, retryAfter, date,
			[]byte(before), []byte(after), []byte(own), byte(how))
	}
	add(429, "application/json", "", "", "3", "", `{"message":"Request rate exceeded."}`, "", "", 0)
	add(204, "", "", "", "", "", "", "", "", 0)
	add(0, "", "", "", "Mon, 23 Nov 2026 12:01:00 GMT", "Mon, 23 Nov 2026 12:00:00 GMT", "\xff\xfe", "", "", 0)
	add(400, "text/html", "", "", "", "", "<html><title>", "</title>", "secret & <more>", 1)
	add(302, "", "", "https://login.example.com/?token=x", "", "", "", "", "", 0)
	add(400, "", "gzip", "", "", "", "", "", "in gzip", 8)
	add(413, "", "deflate", "", "", "", "\x78\x9c\x4b", "", "", 0)
	add(403, "", "br", "", "", "", "no ip_filter", "", `a "quoted\n" one`, 6)
	add(200, "text/plain", "", "", "", "", `{"error":`, "}", "x\x00\x80y", 6)
	for how := range echoes {
		add(500, "", "", "", "", "", "bad value: ", ", sorry", "tab\t, é, \x01\xff <and> 100 % \"more\"", how)
	}
	f.Fuzz(func(t *testing.T, status int, contentType, encoding, location, retryAfter, date string,
		before, after, own []byte, how byte,
	) {
		payload := append([]byte("PAYLOAD~4c1f~"), own...)
		echo := echoes[int(how)%len(echoes)]
		echoed := echo(string(payload)) + echo(outer) + echo(inner) + outer[:len(outer)/2]
		body := string(before) + echoed + string(after)
		r := &response{
			status: status, contentType: contentType, encoding: encoding, location: location + echo(outer),
			date: date, retryAfter: []string{retryAfter, retryAfter}, body: []byte(body),
		}
		a := classify(r, secrets{keys: keys, payload: payload}, now)
		if a.Verdict < pipeline.Accept || a.Verdict > pipeline.Ambiguous || a.Status != status {
			t.Errorf("%d is %+v", status, a)
		}
		accepted := a.Verdict == pipeline.Accept
		if accepted && status/100 != 2 || accepted != (a.Result == pipeline.Result204) {
			t.Errorf("%d is %v and counts as %v", status, a.Verdict, a.Result)
		}
		blames := slices.Contains(blaming, a.Verdict)
		if blames && !slices.Contains([]int{400, 401, 403, 404, 413, 429}, status) {
			t.Errorf("%d is %v", status, a.Verdict)
		}
		plain, _ := decode(encoding, []byte(body))
		if (blames || accepted && status != 204) && isPage(contentType, plain) {
			t.Errorf("%d with a page is %v", status, a.Verdict)
		}
		if a.RetryAfter < 0 || a.RetryAfter > longestRetryAfter {
			t.Errorf("retry after %v", a.RetryAfter)
		}
		unprintable := strings.ContainsFunc(a.Detail, func(r rune) bool { return !unicode.IsPrint(r) })
		if len(a.Detail) > maxDetail || !utf8.ValidString(a.Detail) || unprintable {
			t.Errorf("the detail is %q", a.Detail)
		}
		around := string(before) + string(after) + location + encoding
		if strings.Contains(a.Detail, "PAYLOAD~4c1f~") && !strings.Contains(around, "4c1f") {
			t.Errorf("the detail shows the payload: %q", a.Detail)
		}
		if piece, as := finder.Find(a.Detail); piece != "" && !strings.Contains(around, piece) {
			t.Errorf("the detail shows the key: %q, with %q (%s)", a.Detail, piece, as)
		}
		if again := classify(r, secrets{keys: keys, payload: payload}, now); again != a {
			t.Errorf("the second time it is %+v, not %+v", again, a)
		}
	})
}
