package sink

import (
	"net/http"
	"testing"
	"time"

	"momento-bridge/pipeline"
)

// What matters of an answer is read from the wire, with one publish in flight and with several.
func TestAnswerIsReadFromTheWire(t *testing.T) {
	const retry, slow = pipeline.Retry, pipeline.SlowDown
	const away = "a server on the way cannot take the request; " + checkWay
	size := string(gzipped(`{"err":"item_size"}`))
	for _, tt := range []struct {
		name    string
		head    string
		body    string
		verdict pipeline.Verdict
		detail  string
		wait    time.Duration
	}{
		{"a page", "200 OK\r\nContent-Type: text/html", "?", retry, "200 with a web page: " + notMomento, 0},
		{"a success without a type", "200 OK", "{}", pipeline.Accept, "", 0},
		{"a page of a proxy", "400 No\r\ncontent-type: text/html", "no", retry, "400 with a web page: " + away, 0},
		{"a redirect", "302 Found\r\nLocation: /?token=x", "", retry, "302: a redirect: " + notMomento, 0},
		{"a size in gzip", "429 No\r\nContent-Encoding: gzip", size, pipeline.Reject, "429 item_size", 0},
		{"a wish", "429 No\r\nRetry-After: -\r\nRetry-After: 2\r\nRetry-After: 3", "", slow, "429", 2 * time.Second},
		{
			"a wish by another clock",
			"503 No\r\nDate: Mon, 23 Nov 2026 14:00:00 GMT\r\nRetry-After: Mon, 23 Nov 2026 14:00:02 GMT", "",
			slow, "503", 2 * time.Second,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMomento(t, echoing(t, func(*http.Request) string { return httpAnswer(tt.head, tt.body) }), nil)
			check := func(how string, a pipeline.Answer) {
				t.Helper()
				if a.Verdict != tt.verdict || a.Detail != tt.detail || a.RetryAfter != tt.wait {
					t.Errorf("%s it is %+v, want %v %q after %v", how, a, tt.verdict, tt.detail, tt.wait)
				}
			}
			p := m.Publisher()
			defer p.Close()
			check("alone", p.Publish(request("t", []byte("payload"))))
			c := m.Connection(2)
			defer c.Close()
			c.Send([]*pipeline.Request{request("t", []byte("payload"))}, false)
			check("among several", c.Receive(nil)[0].Answer)
		})
	}
}

func BenchmarkRefusal(b *testing.B) {
	raw := make([]byte, 1200)
	for i := range raw {
		raw[i] = 'a' + byte(i*i*i/7%26)
	}
	keys := [2]string{string(raw), string(raw[:900])}
	hidden := secrets{keys: keys, payload: []byte(`{"temperature":20.5,"at":"2026-11-23T12:00:00Z"}`)}
	r := &response{status: 429, contentType: "application/json", body: []byte(`{"message":"Request rate exceeded."}`)}
	for b.Loop() {
		if a := classify(r, hidden, time.Time{}); a.Verdict != pipeline.SlowDown {
			b.Fatalf("it is %+v", a)
		}
	}
}
