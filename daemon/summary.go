package daemon

import (
	"fmt"
	"time"

	"momento-bridge/admin"
	"momento-bridge/pipeline"
	"momento-bridge/terminal"
)

// sum returns the daemon's state and what to say of it in a sentence or two: what is gravest, and what to do.
func (d *Daemon) sum(s *admin.Status, stats *pipeline.Stats) (admin.State, string) {
	state, text := d.gravest(s, stats)
	return remark(s, state, text)
}

func (d *Daemon) gravest(s *admin.Status, stats *pipeline.Stats) (admin.State, string) {
	missing, stuck := d.plan.sink.Keys.Missing(), d.vitals.progress.stuck()
	switch {
	case d.stopping():
		return admin.Stopping, fmt.Sprintf("Stopping: %d messages are in flight and being finished, %s more are held.", s.Queue.InFlight, terminal.Count(int64(s.Queue.Messages)))
	case stuck != "":
		return admin.Stuck, "The daemon is stuck and must be restarted: " + stuck + "."
	case !d.nats.IsConnected():
		return admin.Disconnected, "Not connected to NATS at " + s.NATS + ", still trying: nothing can be taken over. " + bounded(d.natsReason()) + "."
	case missing != nil:
		return admin.KeyRefused, "Nothing is published: " + bounded(missing.Error()) + "."
	case stats.KeyRefused && !stats.KeyMissing:
		why := bounded(stats.Why + noNewerKey(d.plan.sink.Keys))
		return admin.KeyRefused, "The endpoint refuses the API key (" + why + "), so nothing is published. " +
			sentence(keyAdvice(d.plan.sink.Keys))
	case stats.Down:
		return admin.Down, "The endpoint is down (" + bounded(stats.Why) + "), so nothing is published; it is tried once a second." +
			checkEndpoint(stats, " Check "+s.Endpoint+" and the network.")
	}
	return sumRoutes(s)
}

// sumRoutes does so when NATS, the key and the endpoint are well.
func sumRoutes(s *admin.Status) (admin.State, string) {
	var parked, paused, behind []admin.Route
	for _, r := range s.Routes {
		switch {
		case r.State == string(pipeline.Paused):
			paused = append(paused, r)
		case r.Reason != "":
			parked = append(parked, r)
		case r.DrainSeconds == nil:
			behind = append(behind, r)
		}
	}
	switch {
	case len(parked) > 0:
		return admin.Parked, fmt.Sprintf("%s: %s%s.", standing(parked, len(s.Routes)), reasons(parked), elsewhere(s, len(parked)))
	case len(paused) > 0:
		return admin.Paused, are(len(paused), len(s.Routes)) + "paused by an operator" + named(paused, len(s.Routes)) + elsewhere(s, len(paused)) + "."
	case len(behind) > 0:
		return admin.Behind, fmt.Sprintf("Messages come faster than they can be published: %s wait. %s", terminal.Count(s.Queue.Waiting), forecasts(behind))
	}
	return sumFlow(s)
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

// sumFlow does so when every route runs and keeps up, or catches up.
func sumFlow(s *admin.Status) (admin.State, string) {
	longest, limited := 0.0, false
	for _, r := range s.Routes {
		longest = max(longest, *r.DrainSeconds)
		limited = limited || r.LimitedBy == string(pipeline.ByQuota)
	}
	refusing := false
	for _, q := range s.Quotas {
		refusing = refusing || q.Refusing
	}
	text := fmt.Sprintf("Publishing %s messages/s", terminal.Number(s.Rates.Out))
	waiting := ""
	if longest > 0 {
		waiting = fmt.Sprintf(": %s wait, gone in %v", terminal.Count(s.Queue.Waiting), (time.Duration(longest) * time.Second).Round(time.Second))
	}
	switch {
	case refusing:
		return admin.Throttled, text + ", slowed down by refusals for quota (429)" + waiting + "."
	case limited && longest > 0:
		return admin.Throttled, text + ", as fast as the quota allows" + waiting + "."
	case longest > 0:
		return admin.CatchingUp, text + waiting + "."
	case s.Rates.In == 0 && s.Rates.Out == 0:
		return admin.Idle, "Idle: nothing comes and nothing waits."
	}
	return admin.Publishing, text + "; nothing waits for longer than a moment."
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

// few is how many routes are named in a sentence.
const few = 3

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

func others(n int) string {
	if n <= few {
		return ""
	}
	return fmt.Sprintf("; and %d more", n-few)
}
