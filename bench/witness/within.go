package main

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// contradiction is what is wrong in one place, or between two.
type contradiction struct {
	kind, owner, route, text string
	a, b                     any
}

// The severities of states, the gravest first, and what they come to.
var ranks = []string{
	"stopping", "stuck", "disconnected", "key_refused", "down", "parked", "losing", "degraded", "uncoordinated",
	"paused", "behind", "throttled", "key_expiring", "catching_up", "standby", "publishing", "idle",
}

// within returns the contradictions of a status in itself: it is one snapshot, so nothing is allowed for time.
func within(s *status) (all []contradiction) {
	say := func(kind, owner, route, text string, a, b any) {
		all = append(all, contradiction{kind, owner, route, text, a, b})
	}
	var queued, inFlight int
	var waiting int64
	var in, out float64
	for i := range s.Routes {
		r := &s.Routes[i]
		queued, inFlight, waiting = queued+r.Queued, inFlight+r.InFlight, waiting+r.Waiting
		in, out = in+r.Rates.In, out+r.Rates.Out
		all = append(all, withinRoute(r)...)
	}
	if queued != s.Queue.Messages || inFlight != s.Queue.InFlight || waiting != s.Queue.Waiting {
		say("sums", "fore", "", "the queue is not the sum of its routes", s.Queue, []any{queued, inFlight, waiting})
	}
	if math.Abs(in-s.Rates.In) > .01 || math.Abs(out-s.Rates.Out) > .01 {
		say("sums", "fore", "", "the rates are not the sum of the routes'", s.Rates, []any{in, out})
	}
	if s.Ready != (len(s.NotReady) == 0) {
		say("self", "prob", "", "ready is not what its reasons say", s.Ready, s.NotReady)
	}
	return append(all, withinState(s)...)
}

var waitText = regexp.MustCompile(`([\d  ]*\d) waiting`)

func withinRoute(r *route) (all []contradiction) {
	say := func(kind, owner, text string, a, b any) {
		all = append(all, contradiction{kind, owner, r.Name, text, a, b})
	}
	if r.Received != r.ended()+r.Queued+r.InFlight {
		say("ledger", "prob", "received is not settled + queued + in flight", r.Received,
			[]any{r.Settled, r.Queued, r.InFlight})
	}
	if r.Waiting < int64(r.Queued+r.InFlight) {
		say("self", "fore", "less waits than is held", r.Waiting, r.Queued+r.InFlight)
	}
	if r.Unacknowledged != nil && *r.Unacknowledged > 0 && r.Waiting < *r.Unacknowledged {
		say("self", "fore", "less waits than is unacknowledged", r.Waiting, *r.Unacknowledged)
	}
	kind := r.kind()
	if (r.Drain == nil) != (kind == "never" || kind == "unknown") {
		say("self", "fore", "drain_seconds is not what forecast_kind says", r.Drain, kind+": "+r.Forecast)
	}
	if begins(r.Forecast, []string{"never"}) != (kind == "never") ||
		begins(r.Forecast, []string{"keeping up"}) != (kind == "keeping_up") {
		say("self", "fore", "the forecast's words are not its kind", r.Forecast, kind)
	}
	if kind == "keeping_up" && r.Oldest != nil && *r.Oldest > 6 && r.kept() == 0 {
		say("self", "fore", "keeps up while a message has waited for long", r.Forecast, *r.Oldest)
	}
	if m := waitText.FindStringSubmatch(r.Forecast); m != nil && number(m[1]) != r.Waiting {
		say("self", "fore", "the forecast's number is not what waits", r.Forecast, r.Waiting)
	}
	if r.Waiting == 0 && kind != "keeping_up" && kind != "unknown" {
		say("self", "fore", "nothing waits and the forecast is about a backlog", r.Forecast, r.Waiting)
	}
	if r.Waiting == 0 && r.Oldest != nil && *r.Oldest > 0 {
		say("self", "fore", "nothing waits and something is the oldest", r.Waiting, *r.Oldest)
	}
	if r.LimitedBy != "nothing" && r.LimitedBy != "nats" && r.Queued == 0 {
		say("self", "fore", "held back though nothing is queued", r.LimitedBy, r.Queued)
	}
	if (r.State == "parked" || r.State == "paused") && r.Reason == "" {
		say("self", "prob", "stands still for no reason", r.State, r.Reason)
	}
	return all
}

var (
	summaryWait = regexp.MustCompile(`: ([\d  ]*\d) (?:messages )?wait`)
	good        = map[string]bool{"idle": true, "publishing": true}
)

func withinState(s *status) (all []contradiction) {
	say := func(owner, text string, a, b any) {
		all = append(all, contradiction{"self", owner, "", text, a, b})
	}
	waits := map[string]int64{}
	for i := range s.Routes {
		r := &s.Routes[i]
		waits[r.kind()] += r.Waiting
		waits[r.kind()+" but for what is put aside"] += r.Waiting - min(r.Waiting, int64(r.PutAside))
	}
	if m := summaryWait.FindStringSubmatch(s.Summary); m != nil && number(m[1]) != s.Queue.Waiting &&
		!slices.Contains(slices.Collect(maps.Values(waits)), number(m[1])) {
		say("fore", "the summary's number is not what waits", s.Summary, []any{s.Queue.Waiting, waits})
	}
	if s.State == "idle" && (s.Queue.Waiting > 0 || s.Rates.In > 0 || s.Rates.Out > 0) {
		say("fore", "idle while something waits or moves", s.Summary, []any{s.Queue.Waiting, s.Rates})
	}
	if s.Rates.Out == 0 && strings.Contains(s.Summary, "gone in") {
		say("fore", "nothing is published and it will be gone", s.Summary, s.Rates.Out)
	}
	for i := range s.Routes {
		r := &s.Routes[i]
		kind := r.kind()
		if good[s.State] && (kind == "never" || kind == "drains") {
			say("fore", "all is well while a route has a backlog", s.Summary, r.Name+": "+r.Forecast)
		}
		if good[s.State] && r.Oldest != nil && *r.Oldest > 6 {
			say("fore", "all is well while a message has waited for long", s.Summary,
				fmt.Sprint(r.Name, ": ", *r.Oldest, " s"))
		}
		if good[s.State] && (r.State == "parked" || r.State == "paused" || r.Reason != "") {
			say("prob", "all is well while a route is not", s.State, r.Name+": "+r.State+": "+r.Reason)
		}
		if r.Lost > 0 && rank(s.State) > rank("losing") {
			say("prob", "messages are lost and the state does not say so", s.State, r.Lost)
		}
	}
	if s.Verdict != "" && s.Verdict != verdict(s.State) {
		say("ctl", "the verdict is not the state's", s.State, s.Verdict)
	}
	return all
}

// verdict is what a state means for messages, as docs/operations.md has it.
func verdict(state string) string {
	switch state {
	case "publishing", "idle", "catching_up", "standby":
		return "flows"
	case "stopping", "stuck", "disconnected", "key_refused", "down", "parked":
		return "stands_still"
	}
	return "degraded"
}

// rank is a state's place among the states; the gravest is 0.
func rank(state string) int {
	for i, one := range ranks {
		if one == state {
			return i
		}
	}
	return -1
}

// number reads a count that people are shown; -1: it is none.
func number(text string) int64 {
	text = strings.NewReplacer(" ", "", "\u202f", "", "\u00a0", "").Replace(text)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1
	}
	return n
}
