package sink

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"testing"
	"time"

	"momento-bridge/test/encodings"
)

// Whatever an endpoint echoes of a request, and wherever its text is cut, neither the key nor the payload is told.
func TestAnswerThatEchoesSecretsIsTold(t *testing.T) {
	t.Parallel()
	outer, inner := "SECRET+/"+strings.Repeat("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 20)+"==", "inner.key.of-it"
	payload := []byte("{\"who\":\"<somebody> & the\té\",\n \"what\":\"something else that is long\"}")
	asJSON, _ := json.Marshal(string(payload))
	hidden := secrets{keys: [2]string{outer, inner}, payload: payload, names: [2]string{"orders-c", "t-4711"}}
	f := func(body, want string) {
		t.Helper()
		if got := classify(&response{status: 500, body: []byte(body)}, hidden, time.Now()).Detail; got != "500 "+want {
			t.Errorf("%s is told as %q, want %q", body, got, want)
		}
	}
	const withheld = "(withheld: it repeats what was sent)"
	f("no such key: "+outer, "no such key: …")
	f("no such key: "+inner+", sorry", withheld)
	f("cannot serve /topics/c/t?token="+string(appendSegment(nil, outer)), "cannot serve /topics/…")
	f(`{"message":"key `+strings.ReplaceAll(outer, "/", `\/`)+` is unknown"}`, "key … is unknown")
	f("key: "+outer[:200]+"\r\n "+outer[200:]+".", "key: …")
	f("cache 'orders-c', topic t-4711, topic t-4712", "cache 'orders-c', topic t-4711, topic …")
	f("bad value "+string(payload)+"!", withheld)
	f(`{"message":"bad value", "detail":`+string(asJSON)+`}`, withheld)
	f("bad value "+url.PathEscape(string(payload))+"!", `bad value …`)
	f("bad value "+base64.StdEncoding.EncodeToString(payload)+"!", "bad value …")
	f("<title>bad value "+html.EscapeString(string(payload))+"</title>",
		`with a web page "`+withheld+`"`)
}

// In each place of an answer of which something is told.
func TestNoAnswerBringsAnEncodedKeyIntoADetail(t *testing.T) {
	t.Parallel()
	key := base64.StdEncoding.EncodeToString([]byte(`{"endpoint":"cell.example.com","api_key":"eyJhbGciOiJIUzI1NiJ9.` +
		`eyJzdWIiOiJub2JvZHkifQ.3q2-796tvu_erb7v3q2-796tvu_erb7v3q2-796tvu8"} `))
	finder := encodings.NewFinder(key)
	for _, e := range encodings.All {
		echo := e.Encode(key)
		asJSON, _ := json.Marshal(map[string]any{"err": "invalid_key", "message": "no key " + echo, "detail": echo})
		for where, r := range map[string]response{
			"text":     {body: []byte("key " + echo)},
			"JSON":     {body: asJSON},
			"nested":   {body: []byte(`{"error":{"message":[` + string(asJSON) + `]}}`)},
			"a title":  {contentType: "text/html", body: []byte("<title>" + echo + "</title>")},
			"a head":   {contentType: "text/html", body: []byte("<h1 x>" + html.EscapeString(echo) + "</h1>")},
			"XML":      {body: []byte("<?xml ?><Error><Message>" + echo + "</Message></Error>")},
			"gzip":     {encoding: "gzip", body: gzipped(echo)},
			"a coding": {encoding: echo, body: []byte("x")},
			"a host":   {location: "https://" + echo + ".example.com/"},
			"a path":   {location: "https://example.com/" + echo},
			"a type":   {contentType: echo, body: []byte("x")},
			"a wish":   {retryAfter: []string{echo}, date: echo},
		} {
			for _, status := range []int{200, 302, 400, 401, 403, 404, 413, 429, 500, 503} {
				r.status = status
				detail := classify(&r, secrets{keys: [2]string{key}}, time.Now()).Detail
				if piece, as := finder.Find(detail); piece != "" {
					t.Errorf("%s in %s of a %d: %q is told, with %q (%s)", e.Name, where, status, detail, piece, as)
				}
			}
		}
	}
}

// Of proxies, too, which are sent a password.
func TestNoProxyBringsAnEncodedPasswordIntoAnError(t *testing.T) {
	t.Parallel()
	const password = "3q2+796tvu/erb7v3q2+796tvu/erb7v"
	p, err := parseProxy(proxySetting, "http://somebody:"+url.QueryEscape(password)+"@127.0.0.1:3128")
	if err != nil {
		t.Fatal(err)
	}
	finder := encodings.NewFinder(password)
	for _, e := range encodings.All {
		echo := e.Encode(password)
		for _, err := range []error{
			p.refusal(502, echo, nil, "server:443"),
			p.refusal(403, "no", []byte("<title>"+echo+"</title>"), "server:443"),
			p.refusal(403, "no", []byte(echo), "server:443"),
			p.unauthorized(407, []string{echo + ` realm="` + echo + `"`}),
		} {
			if piece, as := finder.Find(err.Error()); piece != "" {
				t.Errorf("%s: %q, with %q (%s)", e.Name, err, piece, as)
			}
		}
	}
}
