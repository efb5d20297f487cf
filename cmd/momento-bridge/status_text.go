package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"momento-bridge/admin"
)

// shownProblems is how many problems are shown; --json has all.
const shownProblems = 5

// markOf says how a state is.
func markOf(s admin.State) mark {
	switch s {
	case admin.Publishing, admin.Idle, admin.CatchingUp:
		return markGood
	case admin.Paused, admin.Behind, admin.Throttled, admin.KeyExpiring, admin.Stopping:
		return markWarn
	case admin.Stuck, admin.Disconnected, admin.KeyRefused, admin.Down, admin.Parked, admin.Losing:
		return markBad
	}
	return markWarn // One that a newer daemon has.
}

// statusLines renders a status for people. Ages are by the daemon's own clock.
func statusLines(s *admin.Status, paint palette) []string {
	m := markOf(s.State)
	lines := wrap(fmt.Sprintf("%v %s: %s", m, stateWord(s.State), printable(s.Summary)), textWidth-2)
	for i := range lines {
		if i > 0 {
			lines[i] = "  " + lines[i]
		}
		lines[i] = paint.paint(m, lines[i])
	}
	add := func(name, text string) {
		if text != "" {
			lines = append(lines, field(name, printable(text))...)
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
	add("latency", latencyText(s.Latency))
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

// statusLine renders a status in one line, for logs and pipes.
func statusLine(s *admin.Status) string {
	return printable(fmt.Sprintf("%s %v %s: %s; waiting %d; forecast %s; %s; %s", s.Now.UTC().Format(time.RFC3339), markOf(s.State), stateWord(s.State),
		ratesText(s.Rates), s.Queue.Waiting, forecastText(s.Routes), latencyText(s.Latency), s.Summary))
}

func stateWord(s admin.State) string { return printable(strings.ReplaceAll(string(s), "_", " ")) }

func ratesText(r admin.Rates) string {
	return fmt.Sprintf("in %s/s, out %s/s, refused for quota %s/s", number(r.In), number(r.Out), number(r.Refused))
}

func queueText(q admin.Queue) string {
	return fmt.Sprintf("%s messages; here %s of %s, %s of %s, %d in flight",
		count(q.Waiting), count(int64(q.Messages+q.InFlight)), count(int64(q.MaxMessages)), bytesText(q.Bytes), bytesText(q.MaxBytes), q.InFlight)
}

// forecastText is the forecast of the route whose backlog is gone last, with its name where there are others.
func forecastText(routes []admin.Route) string {
	if len(routes) == 0 {
		return "no routes"
	}
	last := slices.MaxFunc(routes, func(a, b admin.Route) int {
		switch {
		case a.DrainSeconds == nil && b.DrainSeconds == nil:
			return 0
		case a.DrainSeconds == nil:
			return 1
		case b.DrainSeconds == nil:
			return -1
		}
		return cmp.Compare(*a.DrainSeconds, *b.DrainSeconds)
	})
	if len(routes) == 1 || last.DrainSeconds != nil && *last.DrainSeconds == 0 {
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
		text = q.Scope + ": " + number(*q.Rate) + unit + " in force"
	}
	if q.Learned > 0 {
		text += ", learned quota " + number(q.Learned) + unit
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
	return fmt.Sprintf("p50 %s, p99 %s a publish", secondsText(*l.P50), secondsText(*l.P99))
}

func keyText(k admin.Key, now time.Time) string {
	text := cmp.Or(k.Kind, "none yet")
	switch {
	case k.Expires != nil && k.Expires.Before(now):
		text += ", EXPIRED on " + k.Expires.UTC().Format(time.RFC3339)
	case k.Expires != nil:
		text += fmt.Sprintf(", expires %s (in %s)", k.Expires.UTC().Format(time.RFC3339), ageText(k.Expires.Sub(now)))
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
	return fmt.Sprintf("momento-bridge %s, up %s, %s", s.Version, ageText(s.Now.Sub(s.Started)), ready)
}

func problemLines(problems []admin.Problem, now time.Time, paint palette) []string {
	lines := []string{"LAST PROBLEMS"}
	for _, p := range problems[:min(len(problems), shownProblems)] {
		m := markBad
		if p.Level == "warn" {
			m = markWarn
		}
		text := p.Text
		if p.Route != "" {
			text = "route " + p.Route + ": " + text
		}
		if p.Detail != "" {
			text += " (" + p.Detail + ")"
		}
		times := fmt.Sprintf("once, %s ago", ageText(now.Sub(p.Last)))
		if p.Count > 1 {
			times = fmt.Sprintf("%d times in %s, last %s ago", p.Count, ageText(p.Last.Sub(p.First)), ageText(now.Sub(p.Last)))
		}
		for i, line := range wrap(printable(text), textWidth-2) {
			sign := " "
			if i == 0 {
				sign = paint.paint(m, m.String())
			}
			lines = append(lines, sign+" "+line)
		}
		lines = append(lines, "  "+paint.faint(times))
	}
	if more := len(problems) - shownProblems; more > 0 {
		lines = append(lines, fmt.Sprintf("  … and %d more: see --json", more))
	}
	return lines
}

// ageText writes a duration in the two units that matter.
func ageText(d time.Duration) string {
	seconds := int64(max(0, d).Seconds())
	switch {
	case seconds < 60:
		return fmt.Sprintf("%ds", seconds)
	case seconds < 3600:
		return fmt.Sprintf("%dm%ds", seconds/60, seconds%60)
	case seconds < 86400:
		return fmt.Sprintf("%dh%dm", seconds/3600, seconds%3600/60)
	}
	return fmt.Sprintf("%dd%dh", seconds/86400, seconds%86400/3600)
}

// secondsText writes a latency with three digits.
func secondsText(seconds float64) string {
	if seconds >= 1 {
		return fmt.Sprintf("%.3gs", seconds)
	}
	return fmt.Sprintf("%.3gms", seconds*1000)
}

func bytesText(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.3g KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.4g MiB", float64(n)/(1<<20))
}
