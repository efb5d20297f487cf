package sink

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/pipeline"
	"momento-bridge/sink/key"
)

// newMomento returns a sink for an endpoint with the key "secret+key".
func newMomento(t *testing.T, url string, change func(*Config)) *Momento {
	t.Helper()
	e, err := ParseEndpoint(url)
	if err != nil {
		t.Fatal(err)
	}
	k, err := key.Parse("secret+key")
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Endpoint: e, Keys: key.Fixed(k), Timeout: 10 * time.Second}
	if change != nil {
		change(&cfg)
	}
	m, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func request(topic string, payload []byte) *pipeline.Request {
	return &pipeline.Request{
		Cache: "my cache", Topic: topic, Payload: payload, Start: time.Now(),
		Deadline: time.Now().Add(10 * time.Second),
	}
}

func TestRequestArrivesByteForByte(t *testing.T) {
	t.Parallel()
	type seen struct{ target, auth, contentType, body, method string }
	got := make(chan seen, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- seen{
			r.RequestURI, strings.Join(r.Header["Authorization"], ","), r.Header.Get("Content-Type"),
			string(body), r.Method,
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	tests := map[string]struct {
		query, text bool
		topic       string
		payload     []byte
		want        seen
	}{
		"bytes": {false, false, "a.b", all, seen{
			"/topics/my%20cache/a.b", "secret+key",
			"application/octet-stream", string(all), "POST",
		}},
		"text": {false, true, "a", []byte("hé"), seen{
			"/topics/my%20cache/a", "secret+key", "text/plain",
			"hé", "POST",
		}},
		"nothing": {false, false, "a", nil, seen{
			"/topics/my%20cache/a", "secret+key", "application/octet-stream",
			"", "POST",
		}},
		"key in query": {true, false, "a", []byte("x"), seen{
			"/topics/my%20cache/a?token=secret%2Bkey", "",
			"application/octet-stream", "x", "POST",
		}},
		"awkward name": {
			false, false, "../a//b?c#d%2F ", []byte("x"),
			seen{
				"/topics/my%20cache/..%2Fa%2F%2Fb%3Fc%23d%252F%20", "secret+key", "application/octet-stream",
				"x", "POST",
			},
		},
		"dots alone": {false, false, "..", []byte("x"), seen{
			"/topics/my%20cache/%2E%2E", "secret+key",
			"application/octet-stream", "x", "POST",
		}},
		"a whole 4 KiB": {false, false, "a", bytes.Repeat([]byte("y"), 4096), seen{
			"/topics/my%20cache/a", "secret+key",
			"application/octet-stream", strings.Repeat("y", 4096), "POST",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := newMomento(t, server.URL, func(c *Config) { c.QueryAuth = tt.query }).Publisher()
			r := request(tt.topic, tt.payload)
			r.Text = tt.text
			for range 2 { // The second request reuses everything.
				if a := p.Publish(r); a.Verdict != pipeline.Accept || a.Status != 204 {
					t.Fatalf("Publish = %+v", a)
				}
				if g := <-got; g != tt.want {
					t.Errorf("the endpoint saw %+v, want %+v", g, tt.want)
				}
			}
		})
	}
}

func TestEmptyTopicIsRejectedWithoutARequest(t *testing.T) {
	t.Parallel()
	p := newMomento(t, "http://127.0.0.1:1", nil).Publisher()
	if a := p.Publish(request("", nil)); a.Verdict != pipeline.Reject || a.Reason != "empty_topic" {
		t.Errorf("Publish = %+v", a)
	}
}

// script serves raw connections: each answers its requests with the next strings; an empty one closes the connection
// without an answer.
func script(t *testing.T, connections ...[]string) (url string, requests *atomic.Int64) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	requests = &atomic.Int64{}
	go func() {
		for _, answers := range connections {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			serveScript(conn, answers, requests)
		}
	}()
	return "http://" + ln.Addr().String(), requests
}

func serveScript(conn net.Conn, answers []string, requests *atomic.Int64) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for _, answer := range answers {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		requests.Add(1)
		if answer == "" {
			return
		}
		_, _ = io.WriteString(conn, answer)
	}
}

const ok204 = "HTTP/1.1 204 No Content\r\n\r\n"

// Whether it arrived nobody knows. Who may send it again decides that.
func TestNothingIsSentTwice(t *testing.T) {
	t.Parallel()
	url, requests := script(t, []string{ok204, ""}, []string{ok204})
	p := newMomento(t, url, nil).Publisher()
	if a := p.Publish(request("t", nil)); a.Verdict != pipeline.Accept {
		t.Fatalf("first = %+v", a)
	}
	if a := p.Publish(request("t", []byte("x"))); a.Verdict != pipeline.Ambiguous {
		t.Errorf("second = %+v, want ambiguous", a)
	}
	if requests.Load() != 2 {
		t.Errorf("%d requests, want 2", requests.Load())
	}
}

func TestFailuresAreAmbiguousOnceSomethingWasSent(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer  string
		verdict pipeline.Verdict
		result  pipeline.Result
	}{
		"closed without an answer on a fresh connection": {"", pipeline.Ambiguous, pipeline.ResultNetwork},
		"half an answer": {"HTTP/1.1 204 No", pipeline.Ambiguous, pipeline.ResultNetwork},
		"not HTTP":       {"SSH-2.0-OpenSSH\r\n\r\n", pipeline.Ambiguous, pipeline.ResultNetwork},
		"a body that is too large": {
			"HTTP/1.1 400 Bad Request\r\nContent-Length: 1000000\r\n\r\n", pipeline.Reject,
			pipeline.Result400,
		},
		"a lower-case retry-after": {
			"HTTP/1.1 429 Too Many\r\nretry-after: 7\r\nContent-Length: 0\r\n\r\n",
			pipeline.SlowDown, pipeline.Result429,
		},
		"an interim answer first": {"HTTP/1.1 103 Early Hints\r\n\r\n" + ok204, pipeline.Accept, pipeline.Result204},
		"a chunked error": {
			"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
			pipeline.Retry, pipeline.Result5xx,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, _ := script(t, []string{tt.answer})
			a := newMomento(t, url, nil).Publisher().Publish(request("t", []byte("x")))
			if a.Verdict != tt.verdict || a.Result != tt.result {
				t.Errorf("Publish = %+v, want %v %v", a, tt.verdict, tt.result)
			}
			if strings.Contains(name, "retry-after") && a.RetryAfter != 7*time.Second {
				t.Errorf("retry after %v, want 7s", a.RetryAfter)
			}
		})
	}
}

func TestSilentEndpointIsAmbiguousAfterTheTimeout(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	p := newMomento(t, "http://"+ln.Addr().String(), nil).Publisher()
	r := request("t", []byte("x"))
	r.Deadline = time.Now().Add(soonOver)
	if a := p.Publish(r); a.Verdict != pipeline.Ambiguous || a.Result != pipeline.ResultTimeout {
		t.Errorf("Publish = %+v, want an ambiguous timeout", a)
	}
}

func TestRefusedConnectionIsRetried(t *testing.T) {
	t.Parallel()
	m := newMomento(t, "http://"+refusingAddress(t), nil)
	a := m.Publisher().Publish(request("t", []byte("x")))
	if a.Verdict != pipeline.Retry || a.Result != pipeline.ResultNetwork || !strings.Contains(a.Detail,
		"connect to 127.0.0.1:") {
		t.Errorf("Publish = %+v, want a retry that names the address", a)
	}
	if m.Opened() != 0 {
		t.Errorf("%d connections counted", m.Opened())
	}
}

func TestKeyIsReadAgainWhenItIsRefused(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "new" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, "no such key: "+r.Header.Get("Authorization"))
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("old-secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	ring, err := key.FromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := watched(t, ring)
	p := newMomento(t, server.URL, func(c *Config) { c.Keys = ring }).Publisher()
	if err := os.WriteFile(path, []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := p.Publish(request("t", nil))
	if a.Verdict != pipeline.HaltAll || strings.Contains(a.Detail, "old-secret") {
		t.Errorf("first = %+v, want a halt that does not show the key", a)
	}
	<-changed
	if a := p.Publish(request("t", nil)); a.Verdict != pipeline.Accept {
		t.Errorf("second = %+v, want accepted with the new key", a)
	}
}

func TestTLSChecksTheCertificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer server.Close()
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	if a := newMomento(t, server.URL, nil).Publisher().Publish(request("t", nil)); a.Verdict != pipeline.Retry ||
		!strings.Contains(a.Detail, "TLS handshake") {
		t.Errorf("with the system's roots = %+v, want a retry that names the handshake", a)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, ca, certificatePEM(server.Certificate().Raw))
	m := newMomento(t, server.URL, func(c *Config) { c.CAFile = ca })
	p := m.Publisher()
	for range 3 {
		if a := p.Publish(request("t", []byte("x"))); a.Verdict != pipeline.Accept {
			t.Fatalf("with the test's root = %+v", a)
		}
	}
	if m.Opened() != 1 || m.dialer.tls.MinVersion != tls.VersionTLS12 {
		t.Errorf("%d connections, want 1", m.Opened())
	}
}

func certificatePEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// Without a key nothing is sent, and nothing counts as refused.
func TestNothingIsSentBeforeThereIsAKey(t *testing.T) {
	t.Parallel()
	v := key.NewVendor(key.VendorConfig{URL: "http://127.0.0.1:1/token", Transport: http.DefaultTransport})
	m := newMomento(t, "http://127.0.0.1:1", func(c *Config) { c.Keys = key.FromVendor(v) })
	if a := m.Publisher().Publish(request("t", []byte("x"))); a.Verdict != pipeline.HaltAll ||
		a.Result != pipeline.ResultOther || m.Opened() != 0 {
		t.Errorf("answer %+v, %d connections, want everything halted and none", a, m.Opened())
	}
}

func TestConnectionsAreNotReplacedAllAtOnce(t *testing.T) {
	t.Parallel()
	ages := map[time.Duration]bool{}
	for range 20 {
		age := age()
		if age < youngest || age >= oldest {
			t.Errorf("age %v, want from %v to %v", age, youngest, oldest)
		}
		ages[age] = true
	}
	if len(ages) < 15 {
		t.Errorf("only %d different ages of 20", len(ages))
	}
}

// Whoever measures connects before, and no connection is replaced meanwhile.
func TestConnectLeavesNoConnectionThatIsAboutToBeReplaced(t *testing.T) {
	t.Parallel()
	url, _ := script(t, []string{ok204, ok204}, []string{ok204}, []string{ok204})
	m := newMomento(t, url, nil)
	p := m.Publisher()
	defer p.Close()
	end := time.Now().Add(time.Minute)
	f := func(what string, want uint64) {
		t.Helper()
		if err := p.Connect(end); err != nil || m.Opened() != want {
			t.Errorf("%s: %d connections, want %d (%v)", what, m.Opened(), want, err)
		}
	}
	f("there is none", 1)
	if a := p.Publish(request("t", []byte("x"))); a.Verdict != pipeline.Accept {
		t.Fatalf("%+v", a)
	}
	f("it was used just now", 1)
	p.connection.used = time.Now().Add(-3 * time.Second)
	f("it has lain idle", 2)
	p.connection.used, p.connection.expires = time.Now(), time.Now().Add(time.Minute)
	f("it is old", 3)
}

// watched watches a keyring and returns what tells of a new key. Without a refusal it does not look for one.
func watched(t *testing.T, r *key.Ring) (changed <-chan struct{}) {
	t.Helper()
	news := make(chan struct{}, 1)
	go r.Watch(t.Context(), time.Hour, func() { news <- struct{}{} }, func(err error) { t.Error(err) })
	return news
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
