package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestReloadTellsWhatHasChangedAndWhatIsWrong(t *testing.T) {
	t.Parallel()
	f := func(reload func(context.Context) (Reloaded, error), want int, text string, header ...string) {
		t.Helper()
		w := ask(Config{Reload: reload}, http.MethodPost, "localhost", "/api/v1/reload", header...)
		if w.Code != want || !strings.Contains(w.Body.String(), text) {
			t.Errorf("%d %s, want %d %s", w.Code, w.Body, want, text)
		}
	}
	done := func(context.Context) (Reloaded, error) { return Reloaded{Added: []string{"a"}, Limits: true}, nil }
	f(nil, 501, "restart it", controlHeader, "1")
	f(done, 403, controlHeader)
	f(done, 200, `"removed": []`, controlHeader, "1")
	f(func(context.Context) (Reloaded, error) {
		return Reloaded{}, errors.New("c.yaml:1:1: one\nc.yaml:2:2: two")
	}, 422,
		"c.yaml:1:1: one\nc.yaml:2:2: two", controlHeader, "1")
	var got Reloaded
	body := ask(Config{Reload: done}, http.MethodPost, "localhost", "/api/v1/reload", controlHeader, "1").Body.Bytes()
	if err := json.Unmarshal(body, &got); err != nil || got.String() != "reloaded: added a; other limits" {
		t.Errorf("%v: %s", err, body)
	}
	if text := (&Reloaded{Restart: []string{"nats.url"}}).String(); text !=
		"reloaded: nothing has changed; these take a restart: nats.url" {
		t.Error(text)
	}
}

// A request that names a route in a way that is not understood must not be taken for one that means all of them.
func TestOnlyAPlainRequestMeansAllRoutes(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]struct {
		route string
		code  int
	}{
		"":                       {"", 200},
		"?":                      {"", 200},
		"?route=orders":          {"orders", 200},
		"?route=a%26b%20c":       {"a&b c", 200},
		"?route=":                {"", 400},
		"?route":                 {"", 400},
		"?Route=orders":          {"", 400},
		"?routes=orders":         {"", 400},
		"?route=orders;x":        {"", 400},
		"?route=%zz":             {"", 400},
		"?route=a&route=b":       {"", 400},
		"?route=orders&dry_run=": {"", 400},
		"?orders":                {"", 400},
	} {
		got, code := pauses(query, "")
		if code != want.code || code == 200 && got != want.route || code != 200 && got != notAsked {
			t.Errorf("%q is %d and asks for %q, want %d and %q", query, code, got, want.code, want.route)
		}
	}
	if got, code := pauses("", "route=orders"); code != http.StatusBadRequest || got != notAsked {
		t.Errorf("a form is %d and asks for %q, want 400", code, got)
	}
}

const notAsked = "nothing"

// pauses sends a request, and returns for which route it was taken.
func pauses(query, body string) (route string, code int) {
	route = notAsked
	cfg := Config{Pause: func(p Pausing) (string, error) { route = p.Route; return "paused", nil }}
	r := httptest.NewRequest(http.MethodPost, "http://localhost/api/v1/pause"+query, strings.NewReader(body))
	r.Header.Set(controlHeader, "1")
	r.RemoteAddr = "127.0.0.1:5000"
	w := httptest.NewRecorder()
	cfg.servePause(true)(w, r)
	return route, w.Code
}
