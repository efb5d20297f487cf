package main

import (
	"fmt"
	"math"
	"strings"
)

// shown returns the contradictions between an event's status and what the page shows of it: both are one snapshot.
func shown(e *event) (all []contradiction) {
	say := func(route, text string, a, b any) {
		all = append(all, contradiction{"event", "ctl", route, text, a, b})
	}
	top, s := e.Page.Texts, &e.Status
	for name, want := range map[string]int64{
		"queue.waiting": s.Queue.Waiting, "queue.messages": int64(s.Queue.Messages),
		"queue.in_flight": int64(s.Queue.InFlight),
	} {
		if got, ok := top[name]; ok && number(got) != want {
			say("", "the page shows another "+name, got, want)
		}
	}
	if top["state"] != strings.ReplaceAll(s.State, "_", " ") || top["summary"] != s.Summary {
		say("", "the page shows another state", top["state"]+": "+top["summary"], s.State+": "+s.Summary)
	}
	if text := overall(s); text != "" && !strings.HasPrefix(top["forecast"], text) {
		say("", "the page's forecast is not that of its routes", top["forecast"], text)
	}
	rows := e.Page.Lists["routes"]
	if len(rows) != len(s.Routes) {
		say("", "the page shows other routes", len(rows), len(s.Routes))
		return all
	}
	for i := range s.Routes {
		r, texts := &s.Routes[i], rows[i].Texts
		for name, want := range counts(r) {
			if got, ok := texts[name]; ok && number(got) != int64(want) {
				say(r.Name, "the page shows another "+name, got, want)
			}
		}
		if texts["forecast"] != r.Forecast || texts["reason"] != r.Reason || texts["state"] != r.State {
			say(r.Name, "the page says something else of a route", texts["state"]+texts["reason"]+texts["forecast"],
				r.State+r.Reason+r.Forecast)
		}
	}
	return all
}

// overall is how the forecast of all routes begins; empty: not known.
func overall(s *status) string {
	worst, order := "keeping_up", map[string]int{"keeping_up": 0, "drains": 1, "unknown": 2, "never": 3}
	for i := range s.Routes {
		if kind := s.Routes[i].kind(); order[kind] > order[worst] {
			worst = kind
		}
	}
	return map[string]string{
		"keeping_up": "keeping up", "drains": "drained in", "never": "never", "unknown": "not known",
	}[worst]
}

// counts are what the page shows of a route that only counts up, by the page's names.
func counts(r *route) map[string]int {
	all := map[string]int{
		"received": r.Received, "ambiguous": r.Ambiguous, "redelivered": r.Redelivered,
		"source_dropped": r.SourceDropped, "attempts.429": r.Attempts["429"],
	}
	for _, outcome := range []string{
		"published", "dead_lettered", "expired", "returned", "rejected", "replaced", "shed",
	} {
		all["settled."+outcome] = r.Settled[outcome]
	}
	return all
}

// between returns the contradictions of the places that were asked one after the other: what counts up lies between
// what the status said before and after; what holds before and after holds between.
func between(o *observation) (all []contradiction) {
	say := func(kind, route, text string, a, b any) {
		all = append(all, contradiction{kind, "ctl", route, text, a, b})
	}
	if !o.before.Started.Equal(o.after.Started) {
		return nil
	}
	for i := range o.before.Routes {
		r, after := &o.before.Routes[i], o.after.route(o.before.Routes[i].Name)
		if after == nil {
			say("between", r.Name, "a route has gone", r.Name, "")
			continue
		}
		had, has := counts(r), counts(after)
		for name, least := range had {
			if has[name] < least {
				say("monotone", r.Name, name+" counts down", least, has[name])
			}
			if got, ok := o.page[r.Name][name]; ok && outside(number(got), least, has[name]) {
				say("page", r.Name, "the page shows another "+name, got, []int{least, has[name]})
			}
		}
		if r.State == after.State && o.page[r.Name]["state"] != r.State {
			say("page", r.Name, "the page shows another state of the route", o.page[r.Name]["state"], r.State)
		}
		all = append(all, scraped(o, r, after)...)
	}
	all = append(all, conditions(o)...)
	state := strings.ReplaceAll(o.before.State, "_", " ")
	if o.before.State == o.after.State && o.page[""]["state"] != state {
		say("page", "", "the page shows another state", o.page[""]["state"], o.before.State)
	}
	if o.before.Ready == o.after.Ready && o.before.Ready != (o.ready == 200) {
		say("ready", "", "/readyz is not what the status says", o.ready, o.before.NotReady)
	}
	return all
}

func outside(n int64, least, most int) bool { return n < int64(least) || n > int64(most) }

const otherLimit = "/metrics has another limit of the route"

// scraped compares the metrics of a route with what the status said of it.
func scraped(o *observation, r, after *route) (all []contradiction) {
	say := func(kind, owner, text string, a, b any) {
		all = append(all, contradiction{kind, owner, r.Name, text, a, b})
	}
	label := fmt.Sprintf("route=%q", r.Name)
	sum := func(name, more string) float64 { return o.metrics.sum(name, label, more) }
	received, settled := sum("messages_received_total", ""), sum("messages_settled_total", "")
	if held := sum("messages_queued", "") + sum("messages_in_flight", ""); received != settled+held {
		say("ledger", "prob", "/metrics: received is not settled + queued + in flight", received,
			[]float64{settled, held})
	}
	check := func(name, more string, least, most int) {
		if n := sum(name, more); !math.IsNaN(n) && (n < float64(least) || n > float64(most)) {
			say("metrics", "prob", "/metrics has another "+name+" "+more, n, []int{least, most})
		}
	}
	check("messages_received_total", "", r.Received, after.Received)
	check("ambiguous_total", "", r.Ambiguous, after.Ambiguous)
	check("redelivered_total", "", r.Redelivered, after.Redelivered)
	check("source_dropped_total", "", r.SourceDropped, after.SourceDropped)
	for outcome, n := range r.Settled {
		check("messages_settled_total", fmt.Sprintf("outcome=%q", outcome), n, after.Settled[outcome])
	}
	for result, n := range r.Attempts {
		check("publish_attempts_total", fmt.Sprintf("result=%q", result), n, after.Attempts[result])
	}
	if r.State == after.State {
		if n := sum("route_state", fmt.Sprintf("state=%q", r.State)); n == 0 {
			say("metrics", "prob", "/metrics has another state of the route", n, r.State)
		}
	}
	if r.LimitedBy == after.LimitedBy && r.LimitedBy != "nats" {
		if n := sum("route_limited", fmt.Sprintf("by=%q", r.LimitedBy)); n == 0 {
			say("metrics", "fore", otherLimit, n, r.LimitedBy)
		}
	}
	drain := sum("drain_seconds", "")
	if a, b := r.kind(), after.kind(); a == b && !math.IsNaN(drain) {
		if a == "keeping_up" && drain != 0 || a == "drains" && (drain == 0 || math.IsInf(drain, 0)) ||
			a == "never" && !math.IsInf(drain, 1) {
			say("metrics", "fore", "/metrics has another forecast", drain, a)
		}
	}
	return all
}
