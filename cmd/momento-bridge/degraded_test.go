package main

import (
	"net/http"
	"strings"
	"testing"

	"momento-bridge/admin"
	"momento-bridge/emulator"
)

// A key that may not publish to one of a route's topics degrades the route: the topic is named, what waits for it is
// counted, and the daemon stays ready.
func TestForbiddenTopicDegradesItsRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Forbidden: []string{"c/s.bad"}})
	w.stream("S", "s.*")
	p := startDaemon(t, "-c", w.config("", `  - {name: s, stream: S, subject: "s.*", cache: c}`))
	for range 3 {
		w.publish("s.bad", "x")
	}
	w.publish("s.good", "x")
	var s admin.Status
	eventually(t, "the state", func() bool {
		s = p.status()
		r := &s.Routes[0]
		return r.Settled["published"] == 1 && r.HeldByForbidden == 3 && s.State == admin.Degraded
	})
	r := &s.Routes[0]
	if r.State != "running" || r.Forbidden != 1 || strings.Join(r.ForbiddenTopics, " ") != "s.bad" || !s.Ready ||
		s.Verdict != admin.VerdictDegraded {
		t.Errorf("%s, %s, ready %t, %d topics %q", s.Verdict, r.State, s.Ready, r.Forbidden, r.ForbiddenTopics)
	}
	if want := "s: the API key may not publish to 1 of its topics (s.bad), with 3 messages waiting for them"; !strings.
		Contains(s.Summary, want) {
		t.Errorf("%q, want %q", s.Summary, want)
	}
	code, body := p.get("/readyz")
	if code != http.StatusOK || !strings.Contains(body, "route s: the API key may not publish to 1 of its topics") {
		t.Errorf("/readyz: %d %s", code, body)
	}
}
