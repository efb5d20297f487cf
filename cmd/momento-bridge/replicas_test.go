package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"momento-bridge/admin"
	"momento-bridge/emulator"
)

// held reports whether the daemon says that it carries the route.
func (p *process) held(route string) bool {
	return p.metric(fmt.Sprintf(`lease_held{partition="0",route=%q}`, route)) == 1
}

// Status, page, metrics and readiness of both agree on who carries the route, before a takeover and after it.
func TestReplicasTellWhoCarriesARoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Caches: []string{"c"}})
	w.stream("S", "s.*")
	config := w.config("coordination: {create: true, lease: 15s}", // A busy machine keeps it, too.
		"  - {name: s, stream: S, subject: \"s.*\", cache: c}\n")
	carries := startDaemon(t, "-c", config)
	carries.awaitReady()
	eventually(t, "the first one carries the route", func() bool { return carries.held("s") })
	stands := startDaemon(t, "-c", config)
	stands.awaitReady()
	eventually(t, "the second one stands by", func() bool {
		return stands.metric(`route_state{route="s",state="standby"}`) == 1
	})
	s, holder := stands.status(), carries.status().Group.Self
	if len(s.Routes) != 1 || s.Routes[0].State != "standby" || s.State != admin.Standby || !s.Ready || holder == "" ||
		!strings.HasPrefix(s.Routes[0].Reason, "another replica (") {
		t.Errorf("the second one says %s: %s, routes %+v", s.State, s.Summary, s.Routes)
	}
	if len(s.Group.Leases) != 1 || s.Group.Leases[0].Holder != holder || s.Group.Leases[0].Mine {
		t.Errorf("the second one knows of the leases %+v, held by %s", s.Group.Leases, holder)
	}
	if stands.held("s") || stands.metric(`consumer_bound{route="s"}`) != 0 ||
		carries.metric(`route_state{route="s",state="running"}`) != 1 {
		t.Error("the metrics say that both carry the route, or none")
	}
	if _, page := stands.get("/"); !strings.Contains(page, ">standby<") {
		t.Errorf("the page says\n%s", page)
	}
	if err := carries.stop(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second one takes over", func() bool { return stands.held("s") })
	stands.awaitReady()
	w.publish("s.1", "x")
	eventually(t, "it publishes", func() bool {
		return stands.metric(`messages_settled_total{outcome="published",route="s"}`) == 1
	})
	if s := stands.status(); s.Routes[0].State != "running" || s.Group.Leases[0].Changes == 0 {
		t.Errorf("after the takeover the route is %s, and its lease %+v", s.Routes[0].State, s.Group.Leases)
	}
}

// A daemon that is alone needs no leases, whatever else shares its quota.
func TestADaemonAloneIsNotAdvisedToMakeABucket(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Caches: []string{"c"}})
	w.stream("S", "s.*")
	ordered := startDaemon(t, "-c", w.config("", "  - {name: s, stream: S, subject: \"s.*\", cache: c}\n"))
	ordered.awaitReady()
	startDaemon(t, "-c", w.config("", "  - {name: core, subject: core, cache: c}\n")).awaitReady()
	eventually(t, "two share the quota", func() bool { return len(ordered.status().Group.Members) == 2 })
	eventually(t, "it carries the route", func() bool { return ordered.held("s") })
	if g := ordered.status().Group; g.Missing != "" || g.Advice != "" {
		t.Errorf("it is told that leases lack %q, and to %q", g.Missing, g.Advice)
	}
}

// One that is told not to share takes the whole quota beside those that share it.
func TestADaemonThatSharesNoQuotaSaysSoBesideOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Caches: []string{"c"}})
	const route = "  - {name: r, subject: r, cache: c}\n"
	w.joined(startDaemon(t, "-c", w.config("limits: {group: ours}", route)), "ours")
	p := startDaemon(t, "-c", w.config("limits: {group: ours, shared: false}", route))
	p.awaitReady()
	eventually(t, "it says so", func() bool {
		s := p.status()
		return s.State == admin.Uncoordinated &&
			strings.Contains(s.Summary, "shares no quota (limits.shared: false), and 1 of group ours") &&
			strings.Contains(p.log.String(), "others share the quota of this endpoint, and this daemon does not")
	})
}

// Without a bucket the older replica carries the route; the younger one is ready, and says what is missing.
func TestReplicasWithoutABucketSayWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Caches: []string{"c"}})
	w.stream("S", "s.*")
	config := w.config("", "  - {name: s, stream: S, subject: \"s.*\", cache: c}\n")
	older := startDaemon(t, "-c", config)
	older.awaitReady()
	eventually(t, "the older one carries the route", func() bool { return older.held("s") })
	younger := startDaemon(t, "-c", config)
	const command = "nats kv add momento-bridge --history=1 --storage=file --replicas=3"
	eventually(t, "the younger one is ready and says what is missing", func() bool {
		code, body := younger.get("/readyz")
		return code == http.StatusOK && strings.Contains(body, "have no leases") && strings.Contains(body, command)
	})
	eventually(t, "it stands by", func() bool {
		s := younger.status()
		return s.State == admin.Uncoordinated && s.Routes[0].State == "standby" && len(s.Group.Members) == 2 &&
			s.Routes[0].CarriedBy == older.status().Group.Self && strings.Contains(s.Summary, command)
	})
	eventually(t, "the older one knows of it", func() bool { return older.metric("replicas") == 2 })
	if younger.held("s") || !older.held("s") {
		t.Error("the metrics do not say that the older one carries the route")
	}
	keeper := regexp.MustCompile(`(?m)^momento_bridge_keeper{group="momento-bridge",quotas="[0-9a-f]+"} 1$`)
	eventually(t, "one of them keeps the quota", func() bool {
		keepers := 0
		for _, p := range []*process{older, younger} {
			if _, text := p.Get("/metrics"); keeper.MatchString(text) {
				keepers++
			}
		}
		return keepers == 1
	})
}
