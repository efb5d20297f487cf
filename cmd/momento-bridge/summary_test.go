package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"momento-bridge/admin"
	"momento-bridge/emulator"
)

func TestStatusTellsOfMessagesThatAreLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	p := startDaemon(t, "-c", w.config("", `  - {name: s, subject: s, cache: c, max_payload: 1}`))
	p.awaitReady()
	if err := w.nats.Publish("s", []byte("too large")); err != nil {
		t.Fatal(err)
	}
	var s admin.Status
	eventually(t, "the loss", func() bool { s = p.status(); return s.State == admin.Losing })
	if !strings.Contains(s.Summary,
		"Messages are lost: s: 1 in 15 s, they can never be published and the route has no dead_letter") {
		t.Errorf("status: %s", s.Summary)
	}
}

func TestStatusSaysWhatToDoAboutARouteWhoseMessagesAreAllRejected(t *testing.T) {
	t.Parallel()
	rejecting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
	}))
	t.Cleanup(rejecting.Close)
	w := newWorld(t, emulator.Config{})
	w.endpoint = rejecting.URL
	w.stream("S", "s")
	p := startDaemon(t, "-c", w.config("limits: {rate: unlimited}", `  - {name: s, stream: S, cache: c}`))
	p.awaitReady()
	for range 20 {
		w.publish("s", "x")
	}
	var s admin.Status
	eventually(t, "the limit", func() bool { s = p.status(); return s.Routes[0].LimitedBy == "rejected" })
	if !strings.Contains(s.Summary,
		"the endpoint rejects whatever it publishes: 400; check what stands between here and Momento, and what the "+
			"route publishes") {
		t.Errorf("%s: %s", s.State, s.Summary)
	}
	_ = p.stop()
}

func TestStatusSaysWhyThereIsNoConnectionToNATS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	w.stream("S", "s")
	p := startDaemon(t, "-c", w.config("", `  - {name: s, stream: S, cache: c}`))
	p.awaitReady()
	w.server.Shutdown()
	var s admin.Status
	eventually(t, "the reason", func() bool { // The parts of a status are not all of one moment.
		s = p.status()
		return strings.Contains(s.Summary, "connection refused") && strings.Contains(strings.Join(s.NotReady, ""),
			"connection refused")
	})
	const advice = "nothing listens there: start NATS, or correct the host and port in nats.url"
	if s.State != admin.Disconnected || !strings.Contains(s.Summary, advice) ||
		!strings.Contains(strings.Join(s.NotReady, ""), advice) {
		t.Errorf("%s: %s, not ready: %q", s.State, s.Summary, s.NotReady)
	}
	if r := s.Routes[0]; r.Reason != "not connected to NATS" || r.LimitedBy != "nats" || !strings.HasPrefix(r.Forecast,
		"not known") {
		t.Errorf("the route: %+v", r)
	}
}

func TestStatusFollowsWhatHappens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Caches: []string{"c"}, Settings: emulator.Settings{Rate: 1000, Burst: 1000}})
	w.stream("S", "s.*")
	p := startDaemon(t, "-c", w.config("limits: {rate: unlimited}", twoRoutes))
	p.awaitReady()
	await := func(state admin.State) admin.Status {
		t.Helper()
		var s admin.Status
		eventually(t, "the state "+string(state), func() bool { s = p.status(); return s.State == state })
		return s
	}
	await(admin.Idle)
	w.writeKey("another-key")
	eventually(t, "the new key in use",
		func() bool { return strings.Contains(p.log.String(), "a new API key is in use") })
	w.publish("s.1", "x")
	s := await(admin.KeyRefused)
	eventually(t, "the problem", func() bool { s = p.status(); return len(s.Problems) > 0 })
	if s.Problems[0].Level != "error" || s.Routes[0].LimitedBy != "key" ||
		s.Routes[0].Reason != "the endpoint refuses the API key" {
		t.Errorf("with a refused key: %+v, problems %+v", s.Routes[0], s.Problems)
	}
	w.writeKey(testKey)
	await(admin.Publishing)
	if status, _ := p.post("/api/v1/pause?route=t", "1"); status != 200 {
		t.Errorf("pause is %d", status)
	}
	await(admin.Paused)
	w.server.Shutdown()
	if s := await(admin.Disconnected); s.Ready || s.Key.Kind != "opaque" || s.Routes[0].From != "stream S s.*" ||
		s.Routes[0].To != "c/{{subject}}" {
		t.Errorf("without NATS: %+v", s)
	}
}
