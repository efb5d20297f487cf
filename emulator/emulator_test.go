package emulator

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// start serves an emulator on a free port and returns it with its address.
func start(t *testing.T, cfg Config) (*Server, string) {
	t.Helper()
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
	return s, ln.Addr().String()
}

// send writes a request as it is, so that the bytes of the target are exact, and returns the answer.
func send(t *testing.T, addr, request string, headers ...string) (int, http.Header, string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	line, body, _ := strings.Cut(request, "\n")
	fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n", line, len(body))
	for _, h := range headers {
		fmt.Fprintf(conn, "%s\r\n", h)
	}
	fmt.Fprintf(conn, "\r\n%s", body)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, nil, err.Error()
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, strings.TrimSpace(string(answer))
}

const (
	key    = "Authorization: k"
	octets = "Content-Type: application/octet-stream"
	text   = "Content-Type: text/plain"
)

func TestEachRequestHasItsDocumentedAnswer(t *testing.T) {
	_, addr := start(t, Config{
		APIKey: "k", Caches: []string{"c", "a/b"},
		Forbidden: []string{"c/secret", "c/private-*"}, MaxPayload: 10,
	})
	tests := map[string]struct {
		request string
		headers []string
		status  int
		body    string
	}{
		"a publish":              {"POST /topics/c/t\nhello", []string{key, octets}, 204, ""},
		"an empty payload":       {"POST /topics/c/t\n", []string{key, octets}, 204, ""},
		"the token in the query": {"POST /topics/c/t?token=k\nx", []string{text}, 204, ""},
		"an encoded slash":       {"POST /topics/a%2Fb/t%2Fu\nx", []string{key, octets}, 204, ""},
		"dots as a name":         {"POST /topics/c/..\nx", []string{key, octets}, 204, ""},
		"both credentials":       {"POST /topics/c/t?token=k\nx", []string{key, octets}, 400, "given twice"},
		"no credential":          {"POST /topics/c/t\nx", []string{octets}, 401, "no token"},
		"a wrong credential": {
			"POST /topics/c/t\nx",
			[]string{"Authorization: z", octets},
			401,
			"invalid token",
		},
		"a scheme word": {
			"POST /topics/c/t\nx",
			[]string{"Authorization: Bearer k", octets},
			401,
			"without a scheme word",
		},
		"no permission": {
			"POST /topics/c/secret\nx",
			[]string{key, octets},
			403,
			"may not use this topic",
		},
		"no permission by prefix": {
			"POST /topics/c/private-1\nx",
			[]string{key, octets},
			403,
			"may not use this topic",
		},
		"no such cache":     {"POST /topics/nope/t\nx", []string{key, octets}, 404, "Cache not found"},
		"too many segments": {"POST /topics/c/t/u\nx", []string{key, octets}, 404, "unknown path"},
		"too few segments":  {"POST /topics/c\nx", []string{key, octets}, 404, "unknown path"},
		"a bad escape":      {"POST /topics/c/%zz\nx", []string{key, octets}, 400, ""},
		"an empty topic":    {"POST /topics/c/\nx", []string{key, octets}, 400, "must not be empty"},
		"an unknown parameter": {
			"POST /topics/c/t?ttl=1\nx",
			[]string{key, octets},
			400,
			"unknown query parameter ttl",
		},
		"another method":             {"DELETE /topics/c/t\n", []string{key}, 405, "use POST"},
		"no content type":            {"POST /topics/c/t\nx", []string{key}, 400, "Content-Type is required"},
		"text that is not UTF-8":     {"POST /topics/c/t\n\xff", []string{key, text}, 400, "not valid UTF-8"},
		"bytes that are not UTF-8":   {"POST /topics/c/t\n\xff", []string{key, octets}, 204, ""},
		"a body of the largest size": {"POST /topics/c/t\n0123456789", []string{key, octets}, 204, ""},
		"a body that is too large": {
			"POST /topics/c/t\n0123456789a",
			[]string{key, octets},
			400,
			"size exceeds",
		},
		"a long poll with a bad number": {
			"GET /topics/c/t?sequence_number=x\n",
			[]string{key},
			400,
			"whole numbers",
		},
		"a long poll without a credential": {"GET /topics/c/t\n", nil, 401, "no token"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, _, body := send(t, addr, tt.request, tt.headers...)
			if status != tt.status || !strings.Contains(body, tt.body) {
				t.Errorf("%q = %d %s, want %d %q", tt.request, status, body, tt.status, tt.body)
			}
		})
	}
}

func TestQuotaRefusesInTheChosenForm(t *testing.T) {
	f := func(form, wantBody string) {
		t.Helper()
		_, addr := start(t, Config{
			RefusalBody: form, RetryAfter: 1500 * time.Millisecond,
			Settings: Settings{Rate: 0.001, Burst: 2},
		})
		for range 2 {
			if status, _, _ := send(t, addr, "POST /topics/c/t\nx", key, octets); status != 204 {
				t.Errorf("within the burst = %d", status)
			}
		}
		status, header, body := send(t, addr, "POST /topics/c/t\nx", key, octets)
		if status != 429 || body != wantBody || header.Get("Retry-After") != "2" {
			t.Errorf("%s: %d %q retry-after %q, want 429 %q", form, status, body, header.Get("Retry-After"), wantBody)
		}
	}
	f("json", `{"message":"Request rate exceeded."}`)
	f("err", `{"code":"resource_exhausted","err":"operations_rate_limit_exceeded","message":"Request rate exceeded."}`)
	f("text", "Request rate exceeded.")
	f("empty", "")
}

func TestUnknownSettingsAreRefused(t *testing.T) {
	for _, cfg := range []Config{
		{Settings: Settings{Limiter: "magic"}},
		{Settings: Settings{Unit: "bytes"}},
		{Settings: Settings{Rate: -1}},
		{Settings: Settings{Random429: -0.1}},
		{Settings: Settings{Random429: 1.1}},
		{RefusalBody: "xml"},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("New(%+v) accepts it", cfg)
		}
	}
	for _, faults := range []string{"x", "500", "500:1", "200:1%", "reset:101%", "500:60%,501:60%"} {
		if _, err := ParseFaults(faults); err == nil {
			t.Errorf("ParseFaults(%q) accepts it", faults)
		}
	}
}

func TestFaultsBefallTheirShareAndAreReproducible(t *testing.T) {
	faults, err := ParseFaults("500:20%, reset:10%,drop:10%")
	if err != nil {
		t.Fatal(err)
	}
	run := func() (answers [3]int, accepted int) {
		s, addr := start(t, Config{Seed: 7, Settings: Settings{Faults: faults}})
		for range 300 {
			switch status, _, _ := send(t, addr, "POST /topics/c/t\nx", key, octets); status {
			case 204:
				answers[0]++
			case 500:
				answers[1]++
			default:
				answers[2]++
			}
		}
		return answers, s.Stats().Accepted
	}
	first, accepted := run()
	second, _ := run()
	if first != second {
		t.Errorf("one seed gives %v and %v", first, second)
	}
	if first[1] < 30 || first[1] > 90 || first[2] < 30 || first[2] > 90 {
		t.Errorf("204, 500, none: %v of 300", first)
	}
	if accepted <= first[0] || accepted >= first[0]+first[2] {
		t.Errorf(
			"%d accepted, %d answered, %d cut off: resets are accepted, drops are not", accepted, first[0], first[2])
	}
}

func TestSettingsChangeWhileItRuns(t *testing.T) {
	_, addr := start(t, Config{})
	put := func(body string) (int, string) {
		status, _, answer := send(t, addr, "PUT /_emulator/settings\n"+body)
		return status, answer
	}
	if status, answer := put(`{"rate":0.001,"burst":1,"latency":"1ms","fault":"503:0.5%"}`); status != 200 ||
		answer != `{"rate":0.001,"burst":1,"limiter":"","window":"0s","shards":0,"background":0,"random_429":0,`+
			`"unit":"","latency":"1ms","jitter":"0s","fault":"503:0.5%"}` {
		t.Errorf("PUT = %d %s", status, answer)
	}
	if status, answer := put(`{"fault":""}`); status != 200 || !strings.Contains(answer, `"rate":0.001`) {
		t.Errorf("a second PUT = %d %s, want the other keys as they were", status, answer)
	}
	send(t, addr, "POST /topics/c/t\nx", key, octets)
	if status, _, _ := send(t, addr, "POST /topics/c/t\nx", key, octets); status != 429 {
		t.Errorf("beyond the new quota = %d, want 429", status)
	}
	for _, bad := range []string{`{"rat":1}`, `{"latency":"soon"}`, `{"fault":"x"}`, `{"rate":-1}`, `nonsense`} {
		if status, _ := put(bad); status != 400 {
			t.Errorf("PUT %s = %d, want 400", bad, status)
		}
	}
}

func TestPublishesAreRefusedAtRandomFromOneMomentToTheNext(t *testing.T) {
	s, addr := start(t, Config{Settings: Settings{Rate: 0.001, Burst: 1}})
	put := func(body string) {
		t.Helper()
		if status, _, answer := send(t, addr, "PUT /_emulator/settings\n"+body); status != 200 {
			t.Errorf("PUT %s = %d %s", body, status, answer)
		}
	}
	put(`{"random_429":1}`)
	for range 3 {
		if status, _, _ := send(t, addr, "POST /topics/c/t\nx", key, octets); status != 429 {
			t.Errorf("with all refused at random = %d, want 429", status)
		}
	}
	if status, _, _ := send(t, addr, "POST /topics/c/t\nx", key); status != 400 {
		t.Errorf("without a content type = %d, want 400: what is wrong is refused first", status)
	}
	put(`{"random_429":0}`)
	if status, _, _ := send(t, addr, "POST /topics/c/t\nx", key, octets); status != 204 {
		t.Errorf("afterwards = %d, want 204", status)
	}
	if status, _, _ := send(t, addr, "POST /topics/c/t\nx", key, octets); status != 429 {
		t.Errorf("beyond the quota = %d, want 429", status)
	}
	if stats := s.Stats(); stats.Random429 != 3 || stats.Rejected[429] != 4 {
		t.Errorf("%d of %d were refused at random, want 3 of 4, also after settings were changed", stats.Random429,
			stats.Rejected[429])
	}
}

func TestStatsCountEveryTopic(t *testing.T) {
	_, addr := start(t, Config{Script: func(_, topic string, _ []byte) int {
		if topic == "refused" {
			return 418
		}
		return 0
	}})
	for _, topic := range []string{"b", "a", "a", "x%2Fy", "refused"} {
		send(t, addr, "POST /topics/c/"+topic+"\nxyz", key, octets)
	}
	_, _, body := send(t, addr, "GET /_emulator/stats\n")
	var stats Stats
	if err := json.Unmarshal([]byte(body), &stats); err != nil {
		t.Fatal(err)
	}
	if stats.Accepted != 4 || stats.Bytes != 12 || stats.Rejected[418] != 1 || stats.Connections.Opened != 6 ||
		fmt.Sprint(stats.Topics) != "[{c a 2} {c b 1} {c x/y 1}]" {
		t.Errorf("stats = %+v", stats)
	}
}

// get makes one long poll.
func get(t *testing.T, addr, query string) string {
	t.Helper()
	status, _, body := send(t, addr, "GET /topics/c/t?"+query+"\n", key)
	if status != 200 {
		t.Errorf("GET %s = %d", query, status)
	}
	return body
}

func TestLongPollDeliversInOrderAndTellsOfGaps(t *testing.T) {
	s, addr := start(t, Config{})
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if got, want := get(t, addr, "sequence_number=0&sequence_page=0"),
			`{"items":[{"item":{"topic_sequence_number":1,"sequence_page":1,"value":{"text":"one"}}}]}`; got != want {
			t.Errorf("from now on: %s, want %s", got, want)
		}
	})
	for subscribed := false; !subscribed; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		subscribed = s.topics[topicName{"c", "t"}] != nil && s.topics[topicName{"c", "t"}].waiting == 1
		s.mu.Unlock()
	}
	send(t, addr, "POST /topics/c/t\none", key, text)
	waiting.Wait()
	send(t, addr, "POST /topics/c/t\ntwo", key, octets)
	if got, want := get(t, addr, "sequence_number=2&sequence_page=1"),
		`{"items":[{"item":{"topic_sequence_number":2,"sequence_page":1,"value":{"binary":"dHdv"}}}]}`; got != want {
		t.Errorf("the next: %s, want %s", got, want)
	}
	if got := get(t, addr, "sequence_number=1&sequence_page=9"); !strings.Contains(got, "discontinuity") {
		t.Errorf("another page: %s, want a discontinuity", got)
	}
	for range keptItems {
		s.accept(topicName{"c", "t"}, &http.Request{Header: http.Header{}}, []byte("x"))
	}
	if got := get(t, addr, "sequence_number=1&sequence_page=1"); !strings.HasPrefix(got,
		`{"items":[{"discontinuity":{"last_topic_sequence":0,"new_sequence_page":1,"new_topic_sequence":3}}`) {
		t.Errorf("a gap: %.120s", got)
	}
}

func TestKeyCanBeReplaced(t *testing.T) {
	s, addr := start(t, Config{APIKey: "old"})
	s.SetAPIKey("k")
	if status, _, _ := send(t, addr, "POST /topics/c/t\nx", "Authorization: old", octets); status != 401 {
		t.Errorf("the old key = %d, want 401", status)
	}
	if status, _, _ := send(t, addr, "POST /topics/c/t\nx", key, octets); status != 204 {
		t.Errorf("the new key = %d, want 204", status)
	}
}

func FuzzTargetKeepsNamesApart(f *testing.F) {
	f.Add("/topics/c/t?token=k")
	f.Add("/topics/a%2Fb/..")
	f.Add("/topics//%")
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := parseTarget(raw)
		if err == nil && (got.name.cache == "" || got.name.topic == "") {
			t.Errorf("parseTarget(%q) = %+v", raw, got)
		}
	})
}

func BenchmarkPublish(b *testing.B) {
	s, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	body := bytes.Repeat([]byte("x"), 256)
	for b.Loop() {
		s.accept(topicName{"c", "t"}, &http.Request{Header: http.Header{"Content-Type": {"application/octet-stream"}}},
			body)
	}
}
