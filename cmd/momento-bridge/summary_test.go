package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"momento-bridge/admin"
	"momento-bridge/emulator"
)

func TestStatusSaysInOneSentenceHowThingsAre(t *testing.T) {
	zero, fifty := 0.0, 50.0
	well := admin.Route{Name: "a", State: "running", DrainSeconds: &zero}
	parked := admin.Route{Name: "b", State: "parked", Reason: "the cache c does not exist", DrainSeconds: &zero}
	paused := admin.Route{Name: "c", State: "paused", Reason: "paused by an operator"}
	behind := admin.Route{Name: "d", State: "running", Forecast: "never: arrivals 20/s, quota 10/s"}
	draining := admin.Route{Name: "e", State: "running", DrainSeconds: &fifty, LimitedBy: "quota"}
	f := func(wantState admin.State, want string, s admin.Status, routes ...admin.Route) {
		t.Helper()
		s.Routes = routes
		s.Queue.Waiting = 1234
		if state, got := sumRoutes(&s); state != wantState || got != want {
			t.Errorf("%s: %s\nwant %s: %s", state, got, wantState, want)
		}
	}
	flowing := admin.Status{Rates: admin.Rates{In: 100, Out: 98.7}}
	refused := flowing
	refused.Quotas = []admin.Quota{{Refusing: true}}

	f(admin.Idle, "Idle: nothing comes and nothing waits.", admin.Status{}, well)
	f(admin.Publishing, "Publishing 99 messages/s; nothing waits for longer than a moment.", flowing, well, well)
	f(admin.Throttled, "Publishing 99 messages/s, as fast as the quota allows: 1 234 wait, gone in 50s.", flowing, well, draining)
	f(admin.Throttled, "Publishing 99 messages/s, slowed down by refusals for quota (429).", refused, well)
	f(admin.Behind, "Messages come faster than they can be published: 1 234 wait. d: never: arrivals 20/s, quota 10/s.", flowing, well, behind)
	f(admin.Paused, "1 of 2 routes is paused by an operator: c; the others publish 99 messages/s.", flowing, well, paused)
	f(admin.Paused, "The route is paused by an operator.", flowing, paused)
	f(admin.Paused, "All routes are paused by an operator.", flowing, paused, paused)
	f(admin.Parked, "1 of 3 routes is standing still: b: the cache c does not exist; the others publish 99 messages/s.", flowing, well, parked, paused)
	f(admin.Parked, "4 of 5 routes are standing still: b: the cache c does not exist; b: the cache c does not exist; b: the cache c does not exist; and 1 more; the others publish 99 messages/s.",
		flowing, parked, parked, parked, parked, well)
}

// A first line with ✓ means that nobody has to do anything.
func TestStatusSaysInItsFirstLineWhatIsLostAndWhenTheKeyExpires(t *testing.T) {
	now := time.Now()
	lost := admin.Route{Name: "a", Lost: 1200, LostWhy: "the NATS client's buffer is full"}
	dead := admin.Route{Name: "b", DeadLettered: 3}
	f := func(wantState admin.State, want string, state admin.State, expires time.Duration, routes ...admin.Route) {
		t.Helper()
		s := admin.Status{Now: now, Routes: routes}
		if expires != 0 {
			s.Key.Expires = new(now.Add(expires))
		}
		if got, text := remark(&s, state, "So it is."); got != wantState || text != want {
			t.Errorf("%s: %s\nwant %s: %s", got, text, wantState, want)
		}
	}
	const losing = "Messages are lost: a: 1 200 in 15 s, the NATS client's buffer is full."
	f(admin.Publishing, "So it is.", admin.Publishing, 25*time.Hour, admin.Route{Name: "c"})
	f(admin.Losing, losing+" So it is.", admin.Behind, 0, lost, dead)
	f(admin.Losing, losing+" So it is.", admin.Paused, 0, lost)
	f(admin.Down, "So it is. "+losing, admin.Down, 0, lost)
	f(admin.Publishing, "So it is. Dead letters: b: 3 in 15 s; the last problems say why.", admin.Publishing, 0, dead)
	f(admin.KeyExpiring, "So it is. The API key expires in 3h0m: put a new one into the key file.", admin.Idle, 3*time.Hour)
	f(admin.KeyExpiring, "So it is. The API key expired 1m0s ago: put a new one into the key file.", admin.Publishing, -time.Minute)
	f(admin.Throttled, "So it is. The API key expires in 3h0m: put a new one into the key file.", admin.Throttled, 3*time.Hour)
	f(admin.Stopping, "So it is.", admin.Stopping, time.Hour, lost)
	vended := admin.Status{Now: now, Key: admin.Key{Vended: true, Expires: new(now.Add(time.Minute))}}
	if state, _ := remark(&vended, admin.Idle, ""); state != admin.Idle {
		t.Errorf("with a vended key that is replaced by itself: %s", state)
	}
}

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
	if !strings.Contains(s.Summary, "Messages are lost: s: 1 in 15 s, they can never be published and the route has no dead_letter") {
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
	if !strings.Contains(s.Summary, "the endpoint rejects whatever it publishes: 400; "+rejectingAdvice) {
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
		return strings.Contains(s.Summary, "connection refused") && strings.Contains(strings.Join(s.NotReady, ""), "connection refused")
	})
	const advice = "nothing listens there: start NATS, or correct the host and port in nats.url"
	if s.State != admin.Disconnected || !strings.Contains(s.Summary, advice) || !strings.Contains(strings.Join(s.NotReady, ""), advice) {
		t.Errorf("%s: %s, not ready: %q", s.State, s.Summary, s.NotReady)
	}
	if r := s.Routes[0]; r.Reason != "not connected to NATS" || r.LimitedBy != "nats" || !strings.HasPrefix(r.Forecast, "not known") {
		t.Errorf("the route: %+v", r)
	}
}

func TestStatusFollowsWhatHappens(t *testing.T) {
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
	eventually(t, "the new key in use", func() bool { return strings.Contains(p.log.String(), "a new API key is in use") })
	w.publish("s.1", "x")
	s := await(admin.KeyRefused)
	eventually(t, "the problem", func() bool { s = p.status(); return len(s.Problems) > 0 })
	if s.Problems[0].Level != "error" || s.Routes[0].LimitedBy != "key" || s.Routes[0].Reason != "the endpoint refuses the API key" {
		t.Errorf("with a refused key: %+v, problems %+v", s.Routes[0], s.Problems)
	}
	w.writeKey(testKey)
	await(admin.Publishing)
	if status, _ := p.post("/api/v1/pause?route=t", "1"); status != 200 {
		t.Errorf("pause is %d", status)
	}
	await(admin.Paused)
	w.server.Shutdown()
	if s := await(admin.Disconnected); s.Ready || s.Key.Kind != "opaque" || s.Routes[0].From != "stream S s.*" || s.Routes[0].To != "c/{{subject}}" {
		t.Errorf("without NATS: %+v", s)
	}
}
