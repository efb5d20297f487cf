package emulator

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

// fromPage are the headers of a request that a page of another origin makes.
const fromPage = "Origin: http://page.example"

func TestBrowsersMayAskBeforeTheySendAKey(t *testing.T) {
	t.Parallel()
	s, addr := start(t, Config{APIKey: "the-key", Settings: Settings{Rate: 1, Burst: 1}})
	for _, wanted := range []string{"POST", "GET"} {
		status, header, _ := send(t, addr, "OPTIONS /topics/c/a%2Fb?sequence_number=1\n", fromPage,
			"Access-Control-Request-Method: "+wanted, "Access-Control-Request-Headers: authorization,content-type")
		if status != http.StatusNoContent {
			t.Errorf("%s: a preflight is answered with %d", wanted, status)
		}
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": wanted,
			"Access-Control-Allow-Headers": "authorization,content-type",
		} {
			if got := header.Get(name); !strings.Contains(got, want) {
				t.Errorf("%s: %s is %q, want %q", wanted, name, got, want)
			}
		}
	}
	for _, path := range []string{"/topics/c/t", "/topics/c", "/"} {
		status, header, _ := send(t, addr, "OPTIONS "+path+"\n", "Origin: null", "Access-Control-Request-Method: POST",
			"Access-Control-Request-Headers: authorization,traceparent", "Access-Control-Request-Private-Network: true")
		if status != http.StatusNoContent || header.Get("Access-Control-Allow-Origin") != "*" ||
			header.Get("Access-Control-Allow-Headers") != "authorization,traceparent" ||
			header.Get("Access-Control-Allow-Private-Network") != "true" {
			t.Errorf("%s: a page from a file, with a header of its own: %d %v", path, status, header)
		}
	}
	if _, header, _ := send(t, addr, "OPTIONS /topics/c/t\n"); header.Get("Access-Control-Allow-Headers") == "" ||
		header.Get("Access-Control-Allow-Private-Network") != "" {
		t.Errorf("nothing was asked for: %v", header)
	}
	if stats := s.Stats(); stats.Accepted != 0 || len(stats.Rejected) != 0 {
		t.Errorf("preflights count: %+v", stats)
	}
	if status, _, answer := send(t, addr, "POST /topics/c/t\nhello", fromPage, "Authorization: the-key",
		"Content-Type: text/plain"); status != http.StatusNoContent {
		t.Errorf("after preflights the quota is used up: %d %s", status, answer)
	}
}

func TestBrowsersMayReadEveryAnswerOfATopic(t *testing.T) {
	t.Parallel()
	const key, text = "Authorization: the-key", "Content-Type: text/plain"
	refuse := func(_, topic string, _ []byte) int {
		if topic == "scripted" {
			return http.StatusInternalServerError
		}
		return 0
	}
	s, addr := start(t, Config{
		APIKey: "the-key", Caches: []string{"c"}, Forbidden: []string{"c/forbidden"}, Script: refuse,
		Settings: Settings{Rate: 1e-3, Burst: 1}, RetryAfter: 2 * time.Second,
	})
	for _, test := range []struct {
		request string
		headers []string
		status  int
	}{
		{"POST /topics/c/t\nhello", []string{key, text}, 204},
		{"GET /topics/c/t?sequence_number=1\n", []string{key}, 200},
		{"POST /topics/c/t\nhello", []string{key, text}, 429},
		{"POST /topics/c/t\nhello", []string{key}, 400},
		{"POST /topics/c/t\nhello", []string{"Authorization: other", text}, 401},
		{"POST /topics/c/forbidden\nhello", []string{key, text}, 403},
		{"POST /topics/other/t\nhello", []string{key, text}, 404},
		{"POST /topic/c/t\nhello", []string{key, text}, 404},
		{"DELETE /topics/c/t\n", []string{key}, 405},
		{"POST /topics/c/scripted\nhello", []string{key, text}, 500},
		{"HEAD /topics/c/t\n", []string{key}, 405},
		{"GET /topics/c/t?sequence_number=9&sequence_page=7\n", []string{key}, 200},
		{"GET /topics/c/t\n", []string{"Authorization: other"}, 401},
		{"GET /topics/c/t?sequence_page=x\n", []string{key}, 400},
	} {
		status, header, answer := send(t, addr, test.request, append(test.headers, fromPage)...)
		if status != test.status || header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%q: %d %q, want %d, with origin *: %v", test.request, status, answer, test.status, header)
		}
		if status == 429 && (header.Get("Retry-After") != "2" ||
			header.Get("Access-Control-Expose-Headers") != "Retry-After") {
			t.Errorf("a page cannot read when to try again: %v", header)
		}
	}
	if n := s.Stats().Accepted; n != 1 {
		t.Errorf("%d publishes accepted, want 1", n)
	}
}

// The emulator's own pages are no part of the service: a page that somebody happens to visit cannot change a quota.
func TestPagesCannotChangeTheEmulator(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	for _, path := range []string{"/_emulator/settings", "/_emulator/stats"} {
		request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodOptions,
			"http://"+addr+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Origin", "http://page.example")
		request.Header.Set("Access-Control-Request-Method", http.MethodPut)
		resp, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: a preflight is answered with %d %v", path, resp.StatusCode, resp.Header)
		}
	}
}
