package admin

import "time"

// canaryRows is the canary, if one is sent.
func canaryRows(s *Status) []row {
	if s.Canary == nil {
		return []row{}
	}
	return []row{canaryRow(s.Canary, s.Now)}
}

func canaryRow(c *Canary, now time.Time) row {
	last := "–"
	if c.LastSeen != nil {
		last = formatSince(*c.LastSeen, now) + " ago"
	}
	return newRow(canaryTone(c.State), map[string]string{
		"state": words(c.State), "reason": c.Reason, "seen": formatCount(c.Seen), "sent": formatCount(c.Sent),
		"lost": formatCount(c.Lost - min(c.Lost, c.Found)), "late": formatCount(c.Late), "last": last,
		"took": formatLatency(c.LastSeconds), "p50": formatLatency(c.P50), "p99": formatLatency(c.P99),
		"to": c.Cache + "/" + c.Topic,
	})
}

// canaryTone says how the canary's state is to be taken.
func canaryTone(state string) string {
	switch CanarySeverity(state) {
	case Bad:
		return "bad"
	case Warning:
		return "warn"
	case Good:
	}
	if state == CanaryOK {
		return "good"
	}
	return "calm"
}
