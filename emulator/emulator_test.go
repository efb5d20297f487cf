package emulator

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
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
	form   = "Content-Type: application/x-www-form-urlencoded"

	jsonType = "Content-Type: application/json"
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
		"no such cache":              {"POST /topics/nope/t\nx", []string{key, octets}, 404, "Cache not found"},
		"too many segments":          {"POST /topics/c/t/u\nx", []string{key, octets}, 404, "unknown path"},
		"too few segments":           {"POST /topics/c\nx", []string{key, octets}, 404, "unknown path"},
		"a bad escape":               {"POST /topics/c/%zz\nx", []string{key, octets}, 400, ""},
		"an empty topic":             {"POST /topics/c/\nx", []string{key, octets}, 400, "must not be empty"},
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
		"a long poll of a number beyond 64 bits": {
			"GET /topics/c/t?sequence_page=18446744073709551616\n",
			[]string{key},
			400,
			"64 bits",
		},
		"two Authorization headers":   {"POST /topics/c/t\nx", []string{key, key, octets}, 400, "given twice"},
		"two token parameters":        {"POST /topics/c/t?token=k&token=k\nx", []string{octets}, 400, "given twice"},
		"a slash at the end":          {"POST /topics/c/t/\nx", []string{key, octets}, 404, "unknown path"},
		"a host in the target":        {"POST http://host/topics/c/t?a=http://b/\nx", []string{key, octets}, 204, ""},
		"a host and nothing else":     {"POST http://host\nx", []string{key, octets}, 404, "unknown path"},
		"a query without a path":      {"POST http://host?x=/topics/c/t\n", []string{key, octets}, 404, "unknown"},
		"another content type":        {"POST /topics/c/t\n{}", []string{key, jsonType}, 204, ""},
		"a form, as curl -d sends it": {"POST /topics/c/t\na=b", []string{key, form}, 204, ""},
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
		{Settings: Settings{Rate: math.NaN()}},
		{Settings: Settings{Burst: math.NaN()}},
		{Settings: Settings{Latency: -1}},
		{Settings: Settings{Jitter: -1}},
		{RetryAfter: -1},
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
			`"unit":"","latency":"1ms","jitter":"0s","fault":"503:0.5%","from_zero":"latest","new_sequence":"next",`+
			`"strict":false,"subscriptions":100,"poll_timeout":"0s","page":1}` {
		t.Errorf("PUT = %d %s", status, answer)
	}
	if status, answer := put(`{"fault":""}`); status != 200 || !strings.Contains(answer, `"rate":0.001`) {
		t.Errorf("a second PUT = %d %s, want the other keys as they were", status, answer)
	}
	send(t, addr, "POST /topics/c/t\nx", key, octets)
	if status, _, _ := send(t, addr, "POST /topics/c/t\nx", key, octets); status != 429 {
		t.Errorf("beyond the new quota = %d, want 429", status)
	}
	for _, bad := range []string{
		`{"rat":1}`, `{"latency":"soon"}`, `{"fault":"x"}`, `{"rate":-1}`, `nonsense`, `{"from_zero":"first"}`,
		`{"new_sequence":"last"}`, `{"poll_timeout":"-1s"}`, `{"page":-1}`, `{"page":18446744073709551616}`,
		`{"rate":9}{"rate":8}`, `{"rate":9} nonsense`, ``,
	} {
		if status, _ := put(bad); status != 400 {
			t.Errorf("PUT %s = %d, want 400", bad, status)
		}
	}
}

// Two who change different settings at once both get their way.
func TestASlowChangeOfSettingsUndoesNoOther(t *testing.T) {
	t.Parallel()
	s, addr := start(t, Config{})
	slow, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	fmt.Fprint(slow, "PUT /_emulator/settings HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n"+
		"Expect: 100-continue\r\n\r\n")
	reader := bufio.NewReader(slow)
	if asked, err := http.ReadResponse(reader, nil); err != nil || asked.StatusCode != http.StatusContinue {
		t.Fatalf("%v %v", asked, err)
	}
	send(t, addr, "PUT /_emulator/settings\n"+`{"rate":7}`)
	fmt.Fprint(slow, `{"latency":"1ms"}`)
	resp, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.settings.Rate != 7 || s.settings.Latency != time.Millisecond {
		t.Errorf("rate %v, latency %v", s.settings.Rate, s.settings.Latency)
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
			body, "")
	}
}
