package status

import (
	"strings"
	"testing"
	"time"

	"momento-bridge/admin"
)

func TestStatusSaysInOneSentenceHowThingsAre(t *testing.T) {
	zero, fifty := 0.0, 50.0
	well := admin.Route{Name: "a", State: "running", DrainSeconds: &zero}
	parked := admin.Route{Name: "b", State: "parked", Reason: "the cache c does not exist", DrainSeconds: &zero}
	paused := admin.Route{Name: "c", State: "paused", Reason: "paused by an operator"}
	behind := admin.Route{Name: "d", State: "running", Waiting: 1234, Forecast: "never: arrivals 20/s, quota 10/s"}
	draining := admin.Route{Name: "e", State: "running", Waiting: 1234, DrainSeconds: &fifty, LimitedBy: "quota"}
	f := func(wantState admin.State, want string, s admin.Status, routes ...admin.Route) {
		t.Helper()
		s.Routes = routes
		s.Queue.Waiting = 0
		for _, r := range routes {
			s.Queue.Waiting += r.Waiting
		}
		if state, got := sumRoutes(&Facts{Routes: make([]Route, len(routes))}, &s); state != wantState || got != want {
			t.Errorf("%s: %s\nwant %s: %s", state, got, wantState, want)
		}
	}
	flowing := admin.Status{Rates: admin.Rates{In: 100, Out: 98.7}}
	refused := flowing
	refused.Quotas = []admin.Quota{{Refusing: true}}

	f(admin.Idle, "Idle: nothing comes and nothing waits.", admin.Status{}, well)
	f(admin.Publishing, "Publishing 99 messages/s; nothing waits for longer than a moment.", flowing, well, well)
	f(admin.Throttled, "Publishing 99 messages/s, as fast as the quota allows: 1 234 wait, gone in 50s.", flowing,
		well, draining)
	f(admin.Throttled, "Publishing 99 messages/s, slowed down by refusals for quota (429).", refused, well)
	f(admin.Behind, "Messages come faster than they can be published: 1 234 wait. d: never: arrivals 20/s, quota 10/s.",
		flowing, well, behind)
	f(admin.Paused, "1 of 2 routes is paused by an operator: c; the others publish 99 messages/s.", flowing,
		well, paused)
	f(admin.Paused, "The route is paused by an operator.", flowing, paused)
	f(admin.Paused, "All routes are paused by an operator.", flowing, paused, paused)
	f(admin.Parked, "1 of 3 routes is standing still: b: the cache c does not exist; the others publish 99 messages/s.",
		flowing, well, parked, paused)
	f(admin.Parked, "4 of 5 routes are standing still: b: the cache c does not exist; b: the cache c does not exist; "+
		"b: the cache c does not exist; b: the cache c does not exist; the others publish 99 messages/s.",
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
		if got, text := remark(&s, "the key file k.txt", state, "So it is."); got != wantState || text != want {
			t.Errorf("%s: %s\nwant %s: %s", got, text, wantState, want)
		}
	}
	const losing = "Messages are lost: a: 1 200 in 15 s, the NATS client's buffer is full."
	f(admin.Publishing, "So it is.", admin.Publishing, 25*time.Hour, admin.Route{Name: "c"})
	f(admin.Losing, losing+" So it is.", admin.Behind, 0, lost, dead)
	f(admin.Losing, losing+" So it is.", admin.Paused, 0, lost)
	f(admin.Down, "So it is. "+losing, admin.Down, 0, lost)
	f(admin.Publishing, "So it is. Dead letters: b: 3 in 15 s; the last problems say why.", admin.Publishing, 0, dead)
	f(admin.KeyExpiring, "So it is. The API key expires in 3h0m: put a new one into the key file k.txt.", admin.Idle,
		3*time.Hour)
	f(admin.KeyExpiring, "So it is. The API key expired 1m0s ago: put a new one into the key file k.txt.",
		admin.Publishing,
		-time.Minute)
	f(admin.Throttled, "So it is. The API key expires in 3h0m: put a new one into the key file k.txt.", admin.Throttled,
		3*time.Hour)
	f(admin.Stopping, "So it is.", admin.Stopping, time.Hour, lost)
	vended := admin.Status{Now: now, Key: admin.Key{Vended: true, Expires: new(now.Add(time.Minute))}}
	if state, _ := remark(&vended, "", admin.Idle, ""); state != admin.Idle {
		t.Errorf("with a vended key that is replaced by itself: %s", state)
	}
}

func TestAllRoutesAreNamedThatFit(t *testing.T) {
	t.Parallel()
	f := func(want string, texts ...string) {
		t.Helper()
		if got := some(texts); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	long := strings.Repeat("x", fits/2)
	f("a; b; c; d; e", "a", "b", "c", "d", "e")
	f(long+"; "+long+"; "+long, long, long, long)
	f(long+"; "+long+"; c; and 2 more", long, long, "c", "d", "e")
	f("a; b; c; "+long+"; and 1 more", "a", "b", "c", long, long)
}
