package status

import (
	"fmt"
	"strings"
	"time"

	"momento-bridge/admin"
	"momento-bridge/condition"
	"momento-bridge/pipeline"
	"momento-bridge/terminal"
)

// summary returns the daemon's state and what to say of it in a sentence or two: what is gravest, and what to do.
func summary(f *Facts, s *admin.Status) (admin.State, string) {
	state, text := gravest(f, s)
	state, text = remark(s, f.Key.Holder, state, text)
	state, text = inPart(s, state, text)
	return witness(s, state, text)
}

func gravest(f *Facts, s *admin.Status) (admin.State, string) {
	stats := &f.Pipeline
	switch {
	case f.Stopping:
		return stateOf(condition.Stopping), fmt.Sprintf(
			"Stopping: %d messages are in flight and being finished, %s more are held.",
			s.Queue.InFlight, terminal.Count(int64(s.Queue.Messages)))
	case f.Stuck != "":
		return stateOf(condition.Stuck), capital(condition.Stuck.Sentence()) + ": " + f.Stuck + "."
	case !f.NATS.Connected:
		return stateOf(condition.Disconnected), capital(condition.Disconnected.Sentence()) + " at " + s.NATS +
			", still trying: nothing can be taken over. " + Bounded(f.NATS.Why) + "." + f.lastHeard()
	case f.Key.Missing != "":
		return stateOf(condition.KeyMissing), "Nothing is published: " + Bounded(f.Key.Missing) + "."
	case stats.KeyRefused && !stats.KeyMissing:
		return stateOf(condition.KeyRefused), capital(condition.KeyRefused.Sentence()) + " (" +
			Bounded(stats.Why+f.Key.noNewer()) + "), so nothing is published. " + capital(f.Key.Advice()) + "."
	case stats.Down:
		text := capital(condition.EndpointDown.Sentence()) + " (" + Bounded(stats.Why) +
			"), so nothing is published; it is tried once a second."
		if !stats.WhyAdvised {
			text += " Check " + s.Endpoint + " and the network."
		}
		return stateOf(condition.EndpointDown), text
	}
	return sumRoutes(f, s)
}

// capital begins a text as a sentence does.
func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// sumRoutes does so when NATS, the key and the endpoint are well.
func sumRoutes(f *Facts, s *admin.Status) (admin.State, string) {
	var parked, paused, behind, stands []admin.Route
	for _, r := range s.Routes {
		switch {
		case r.CarriedBy != "":
			stands = append(stands, r)
		case r.State == string(pipeline.Paused):
			paused = append(paused, r)
		case r.Reason != "" && r.Reason != r.Degraded:
			parked = append(parked, r)
		case r.Kind() == admin.Never:
			behind = append(behind, r)
		}
	}
	switch {
	case len(parked) > 0:
		return admin.Parked, fmt.Sprintf("%s: %s%s.", standing(parked, len(s.Routes)), reasons(parked),
			elsewhere(s, len(parked)))
	case len(paused) > 0:
		return stateOf(condition.Paused), are(len(paused), len(s.Routes)) + condition.Paused.Sentence() +
			named(paused, len(s.Routes)) + elsewhere(s, len(paused)) + "."
	case len(behind) > 0:
		return stateOf(condition.Behind), fmt.Sprintf("%s: %s wait. %s", capital(condition.Behind.Sentence()),
			terminal.Count(s.Queue.Waiting), forecasts(behind))
	}
	if n := len(stands); n > 0 && n == len(s.Routes) {
		return admin.Standby, "Standing by, ready to take over: " + reasons(stands) + "."
	}
	state, text := sumFlow(f, s)
	if len(stands) > 0 {
		text += fmt.Sprintf(" Other replicas carry %s of %d routes.", terminal.Count(int64(len(stands))), len(s.Routes))
	}
	return state, text
}

// named tells which routes of all it is about, unless it is every one.
func named(routes []admin.Route, all int) string {
	if len(routes) == all {
		return ""
	}
	var names []string
	for i := range routes {
		names = append(names, routes[i].Name)
	}
	return ": " + some(names)
}

// sumFlow does so when every route runs and keeps up, or catches up, as far as is known.
func sumFlow(f *Facts, s *admin.Status) (admin.State, string) {
	longest, limited, draining, obscure := 0.0, false, int64(0), int64(0)
	for i := range s.Routes {
		r := &s.Routes[i]
		switch r.Kind() {
		case admin.Drains:
			longest, draining = max(longest, *r.DrainSeconds), draining+r.Waiting-min(r.Waiting, f.Routes[i].Still)
		case admin.UnknownForecast:
			obscure += r.Waiting
		}
		limited = limited || r.LimitedBy == string(pipeline.ByQuota)
	}
	refusing := false
	for i := range s.Quotas {
		refusing = refusing || slowed(&s.Quotas[i])
	}
	text := fmt.Sprintf("Publishing %s messages/s", terminal.Number(s.Rates.Out))
	waiting := ""
	if longest > 0 {
		waiting = fmt.Sprintf(": %s wait, gone in %v", terminal.Count(draining), seconds(longest).Round(time.Second))
	}
	more := unclear(f, s)
	if more != "" {
		waiting += "; " + more
	}
	switch {
	case refusing:
		return stateOf(condition.Throttled), text + ", " + condition.Throttled.Sentence() + waiting + "."
	case limited && longest > 0:
		return admin.Throttled, text + ", as fast as the quota allows" + waiting + "."
	case longest > 0:
		return admin.CatchingUp, text + waiting + "."
	case more != "" && s.Rates.Out == 0:
		return admin.CatchingUp, "Nothing is published at the moment" + waiting + "."
	case more != "" && obscure > 0:
		return admin.CatchingUp, text + waiting + "." // Not "all is well": something waits for longer than a moment.
	case more != "":
		return admin.Publishing, text + waiting + "."
	case s.Rates.In == 0 && s.Rates.Out == 0 && s.Queue.Waiting == 0:
		return admin.Idle, "Idle: nothing comes and nothing waits."
	}
	return admin.Publishing, text + "; nothing waits for longer than a moment" + aside(f) + "."
}

// standing says of how many routes out of how many it is true that they stand still, or that a part of them does.
func standing(routes []admin.Route, all int) string {
	what := "standing still"
	for _, r := range routes {
		if r.State == string(pipeline.Running) && r.LimitedBy != byNATS {
			what = "standing still, or a part of it is"
		}
	}
	return are(len(routes), all) + what
}

// are says of how many routes out of how many something is true.
func are(n, all int) string {
	switch {
	case all == 1:
		return "The route is "
	case n == all:
		return "All routes are "
	case n == 1:
		return fmt.Sprintf("1 of %d routes is ", all)
	}
	return fmt.Sprintf("%d of %d routes are ", n, all)
}

// elsewhere says what goes on besides n routes that stand still.
func elsewhere(s *admin.Status, n int) string {
	if n == len(s.Routes) {
		return ""
	}
	return fmt.Sprintf("; the others publish %s messages/s", terminal.Number(s.Rates.Out))
}

const (
	few  = 3   // So many routes are named in a sentence,
	fits = 240 // and more if what is said of all of them is no longer, in bytes.
)

func reasons(routes []admin.Route) string {
	texts := make([]string, len(routes))
	for i, r := range routes {
		texts[i] = r.Name + ": " + r.Reason
	}
	return some(texts)
}

func forecasts(routes []admin.Route) string {
	texts := make([]string, len(routes))
	for i, r := range routes {
		texts[i] = r.Name + ": " + r.Forecast
	}
	return some(texts) + "."
}

// stateOf is the daemon's while the condition is the gravest.
func stateOf(c condition.Condition) admin.State { return admin.State(c.State()) }
