package show

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"momento-bridge/admin"
	"momento-bridge/printable"
	"momento-bridge/terminal"
)

// shownProblems is how many problems are shown; --json has all.
const shownProblems = 5

// markOf says how something is.
func markOf(s admin.Severity) terminal.Mark {
	return [...]terminal.Mark{admin.Good: terminal.Good, admin.Warning: terminal.Warn, admin.Bad: terminal.Bad}[s]
}

// Status renders a status for people. Ages are by the daemon's own clock.
func Status(s *admin.Status, paint terminal.Sheet) []string {
	m := markOf(s.State.Severity())
	lines := paint.Wrap(fmt.Sprintf("%v %s: %s", m, stateWord(s.State), printable.Line(s.Summary)), 2)
	for i := range lines {
		if i > 0 {
			lines[i] = "  " + lines[i]
		}
		lines[i] = paint.Paint(m, lines[i])
	}
	add := func(name, text string) {
		if text != "" {
			lines = append(lines, paint.Field(name, printable.Line(text))...)
		}
	}
	add("rates", ratesText(s.Rates))
	add("waiting", queueText(s.Queue))
	add("forecast", forecastText(s.Routes))
	for i, q := range s.Quotas {
		if i == 0 || q.Rate != nil || q.Learned > 0 || q.Refusing {
			add(map[bool]string{true: "rate"}[i == 0], quotaText(q))
		}
	}
	groupLines(&s.Group, add)
	add("latency", latencyText(s.Latency))
	add("canary", canaryText(s.Canary, s.Now))
	add("key", keyText(s.Key, s.Now))
	add("nats", s.NATS)
	add("endpoint", s.Endpoint)
	add("daemon", daemonText(s))
	name := "not ready"
	for _, reason := range s.NotReady {
		add(name, reason)
		name = ""
	}
	if len(s.Routes) > 0 {
		lines = append(append(lines, ""), routeLines(s.Routes, paint)...)
	}
	if len(s.Problems) > 0 {
		lines = append(append(lines, ""), problemLines(s.Problems, s.Now, paint)...)
	}
	return lines
}

// StatusLine renders a status in one line, for logs and pipes.
func StatusLine(s *admin.Status) string {
	return printable.Line(fmt.Sprintf("%s %v %s: %s; waiting %d; forecast %s; %s; %s",
		s.Now.UTC().Format(time.RFC3339), markOf(s.State.Severity()), stateWord(s.State),
		ratesText(s.Rates), s.Queue.Waiting, forecastText(s.Routes), latencyText(s.Latency), s.Summary))
}

func stateWord(s admin.State) string {
	return printable.Line(strings.ReplaceAll(string(s), "_", " "))
}

func ratesText(r admin.Rates) string {
	return fmt.Sprintf("in %s/s, out %s/s, refused for quota %s/s", terminal.Number(r.In), terminal.Number(r.Out),
		terminal.Number(r.Refused))
}

func queueText(q admin.Queue) string {
	return fmt.Sprintf("%s messages; here %s of %s, %s of %s, %d in flight",
		terminal.Count(q.Waiting), terminal.Count(int64(q.Messages+q.InFlight)),
		terminal.Count(int64(q.MaxMessages)), terminal.Bytes(q.Bytes), terminal.Bytes(q.MaxBytes), q.InFlight)
}

// forecastText is the forecast of the route whose backlog is gone last, with its name where there are others. Those
// that other replicas carry count only where there are no others.
func forecastText(all []admin.Route) string {
	if len(all) == 0 {
		return "no routes"
	}
	routes := slices.DeleteFunc(slices.Clone(all), func(r admin.Route) bool { return r.CarriedBy != "" })
	if len(routes) == 0 {
		routes = all
	}
	last := admin.Last(routes)
	if len(routes) == 1 || last.Kind() == admin.KeepingUp {
		return last.Forecast
	}
	return last.Name + ": " + last.Forecast
}

// quotaText is the rate in force against the learned quota, and the reason.
func quotaText(q admin.Quota) string {
	unit := "/s"
	if q.Scope == "throughput" {
		unit = " B/s"
	}
	text := q.Scope + ": no limit"
	if q.Rate != nil {
		text = q.Scope + ": " + terminal.Number(*q.Rate) + unit + " in force"
	}
	if q.Learned > 0 {
		text += ", learned quota " + terminal.Number(q.Learned) + unit
		if q.LearnedSeconds != nil {
			text += " (" + terminal.Age(time.Duration(*q.LearnedSeconds*float64(time.Second))) + " ago)"
		}
	}
	if q.Refusing {
		text += ", refused at the moment"
	}
	return text + " (" + cmp.Or(q.Reason, q.State) + ")"
}

func latencyText(l admin.Latency) string {
	if l.P50 == nil || l.P99 == nil {
		return "nothing published in the last 10 s"
	}
	return fmt.Sprintf("p50 %s, p99 %s a publish", terminal.Seconds(*l.P50), terminal.Seconds(*l.P99))
}

func keyText(k admin.Key, now time.Time) string {
	text := cmp.Or(k.Kind, "none yet")
	switch {
	case k.Expires != nil && k.Expires.Before(now):
		text += ", EXPIRED on " + k.Expires.UTC().Format(time.RFC3339)
	case k.Expires != nil:
		text += fmt.Sprintf(", expires %s (in %s)", k.Expires.UTC().Format(time.RFC3339),
			terminal.Age(k.Expires.Sub(now)))
	case k.Kind != "":
		text += ", does not say when it expires"
	}
	if k.Vended {
		text += ", vended: replaced before it expires"
	}
	return text
}

func daemonText(s *admin.Status) string {
	ready := "ready"
	if !s.Ready {
		ready = "not ready"
	}
	return fmt.Sprintf("momento-bridge %s, up %s, %s", s.Version, terminal.Age(s.Now.Sub(s.Started)), ready)
}

func problemLines(problems []admin.Problem, now time.Time, paint terminal.Sheet) []string {
	lines := []string{"LAST PROBLEMS"}
	for _, p := range problems[:min(len(problems), shownProblems)] {
		m := markOf(p.Severity())
		text := p.Text
		if p.Route != "" {
			text = "route " + p.Route + ": " + text
		}
		if p.Detail != "" {
			text += " (" + p.Detail + ")"
		}
		times := fmt.Sprintf("once, %s ago", terminal.Age(now.Sub(p.Last)))
		if p.Count > 1 {
			times = fmt.Sprintf("%d times in %s, last %s ago", p.Count, terminal.Age(p.Last.Sub(p.First)),
				terminal.Age(now.Sub(p.Last)))
		}
		if p.Over != nil {
			times += "; over for " + terminal.Age(now.Sub(*p.Over))
		}
		for i, line := range paint.Wrap(printable.Line(text), 2) {
			sign := " "
			if i == 0 {
				sign = paint.Paint(m, m.String())
			}
			lines = append(lines, sign+" "+line)
		}
		lines = append(lines, "  "+paint.Faint(times))
	}
	if more := len(problems) - shownProblems; more > 0 {
		lines = append(lines, fmt.Sprintf("  … and %d more: see --json", more))
	}
	return lines
}
