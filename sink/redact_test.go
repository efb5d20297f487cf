package sink

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Whatever an endpoint echoes of a request, and wherever its text is cut, neither the key nor the payload is left.
func TestAnswerThatEchoesSecretsIsTold(t *testing.T) {
	outer, inner := "SECRET+/"+strings.Repeat("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 20)+"==", "inner.key.of-it"
	payload := []byte("{\"who\":\"<somebody> & the\té\",\n \"what\":\"something\"}")
	asJSON, _ := json.Marshal(string(payload))
	f := func(body, want string) {
		t.Helper()
		got := classify(&response{status: 500, body: []byte(body)}, secrets{
			keys:    [2]string{outer, inner},
			payload: payload,
		}, time.Now()).Detail
		if got != want {
			t.Errorf("%s is told as %q, want %q", body, got, want)
		}
	}
	f("no such key: "+outer, "500 no such key: ***")
	f("no such key: "+inner+", sorry", "500 no such key: ***, sorry")
	f("cannot serve /topics/c/t?token="+string(appendSegment(nil, outer)), "500 cannot serve /topics/c/t?token=***")
	f("cannot serve ?token=SECRET%2b%2f"+outer[8:], "500 cannot serve ?token=***")
	f(`{"message":"key `+strings.ReplaceAll(outer, "/", `\/`)+` is unknown"}`, "500 key *** is unknown")
	f(`not JSON: key `+strings.ReplaceAll(outer, "/", `\/`)+` is unknown`, "500 not JSON: key *** is unknown")
	f(`not JSON: key `+strings.ReplaceAll(outer, "+", `\u002b`)+` is unknown`, "500 not JSON: key *** is unknown")
	f(`key `+strings.ReplaceAll(outer, "+", `&#43;`)+` is unknown`, "500 key *** is unknown")
	f("key: "+outer[:40]+"...", "500 key: ***...")
	f("key: ..."+outer[100:140]+"...", "500 key: ...***...")
	f("key: "+outer[:200]+"\r\n "+outer[200:]+".", "500 key: ***.")
	f("key: "+outer[:keyPiece], "500 key: ***")
	f(strings.Repeat("x", maxExcerpt-20)+outer, "500 "+strings.Repeat("x", maxExcerpt-20)+"***")

	f("bad value "+string(payload)+"!", "500 bad value ***!")
	f("bad value "+strings.ReplaceAll(string(payload), "\n", "\r\n    ")+"!", "500 bad value ***!")
	f(`{"message":"bad value", "detail":`+string(asJSON)+`}`, "500 bad value: ***")
	f("not JSON: bad value "+string(asJSON), `500 not JSON: bad value "***"`)
	f(fmt.Sprintf("not JSON: bad value %+q", payload), `500 not JSON: bad value "***"`)
	f("bad value "+html.EscapeString(string(payload))+"!", "500 bad value ***!")
	f("bad value "+url.PathEscape(string(payload))+"!", "500 bad value ***!")
	f("bad value "+url.QueryEscape(string(payload))+"!", "500 bad value ***!")
	f("bad value "+base64.StdEncoding.EncodeToString(payload)+"!", "500 bad value ***!")
	f("bad value "+base64.RawURLEncoding.EncodeToString(payload)+"!", "500 bad value ***!")
	f("bad value "+string(payload[:20])+"...", "500 bad value ***...")
	f("bad value "+string(payload)+" and "+string(payload[:30]), "500 bad value *** and ***")
	f("<title>bad value "+html.EscapeString(string(payload))+"</title>", `500 with a web page "bad value ***"`)
}

func TestShortSecretsAreLookedForAsAWhole(t *testing.T) {
	f := func(key, payload, text, want string) {
		t.Helper()
		if got := (secrets{keys: [2]string{key}, payload: []byte(payload)}).redact(text); got != want {
			t.Errorf("%q without the key %q and the payload %q is %q, want %q", text, key, payload, got, want)
		}
	}
	f("k3y", "is", "this is bad, k3y", "this is bad, ***")
	f("short-key", "12345", "short short-key 1234 12345 123456", "short *** 1234 *** ***6")
	f("key", "\x00\x01a\x02", "a banana", "a banana")
	f("", "", "nothing", "nothing")
	f("aaaaaaaaaaaaaaaaaaaaaaaa", "", strings.Repeat("a", 1000)+"b", "***b")
	if got := (secrets{}).redact("nothing"); got != "nothing" {
		t.Errorf("without secrets it is %q", got)
	}
}
