package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
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
