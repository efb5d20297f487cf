package admin

import (
	"fmt"
	"strings"
	"time"

	"momento-bridge/printable"
)

// view is what the page shows of a status, all in texts: page.html takes them when the page is loaded, and page.js puts
// those that events bring in their place.
type view struct {
	row
	Icon  string           `json:"icon"`  // The file's name without its end.
	Lists map[string][]row `json:"lists"` // By the names that the template gives them.
	// Control says that who looks may pause, resume and reload: the page then has buttons for it.
	Control bool `json:"control"`
}

// row is what is shown of a status, or of one item of a list of it.
type row struct {
	Texts map[string]string `json:"texts"` // By the names that the template gives them.
	Tone  string            `json:"tone"`  // How it is to be taken, for colour and symbol; empty: not at all.
}

// viewOf returns what the page shows of a status.
func viewOf(s *Status) view {
	top := newRow(tone(s.State), statusTexts(s))
	return view{row: top, Icon: icon(top.Tone), Lists: map[string][]row{
		"routes":   rows(s.Routes, s.Now, routeRow),
		"quotas":   rows(s.Quotas, s.Now, quotaRow),
		"problems": rows(s.Problems, s.Now, problemRow),
		"members":  memberRows(&s.Group, s.Now),
		"leases":   leaseRows(&s.Group, s.Now),
		"shares":   rows(s.Group.Rates, s.Now, shareRow),
		"canary":   canaryRows(s),
	}}
}

// blankRows are rows of lists of which nothing is known: the script copies them when a list grows.
var blankRows = map[string]row{
	"routes":   routeRow(&Route{}, time.Time{}),
	"quotas":   quotaRow(&Quota{}, time.Time{}),
	"problems": problemRow(&Problem{}, time.Time{}),
	"members":  memberRow(&Group{}, &Member{}, time.Time{}),
	"leases":   leaseRow(&Group{}, &Lease{}, time.Time{}),
	"shares":   shareRow(&GroupRate{}, time.Time{}),
	"canary":   canaryRow(&Canary{}, time.Time{}),
}

func rows[T any](items []T, now time.Time, show func(*T, time.Time) row) []row {
	all := make([]row, len(items))
	for i := range items {
		all[i] = show(&items[i], now)
	}
	return all
}

// safeBut returns text that is safe to show, and keeps these.
func safeBut(text string, kept ...string) string {
	if len(kept) == 0 {
		return printable.Text(text)
	}
	parts := strings.Split(text, kept[0])
	for i := range parts {
		parts[i] = safeBut(parts[i], kept[1:]...)
	}
	return strings.Join(parts, kept[0])
}

// newRow returns a row whose texts are safe to show, but for the spaces of ours that break no line.
func newRow(tone string, texts map[string]string) row {
	for name, text := range texts {
		texts[name] = safeBut(strings.ReplaceAll(text, "\n", " "), unit, apart)
	}
	return row{texts, tone}
}

// statusTexts are what is shown of a status outside its lists.
func statusTexts(s *Status) map[string]string {
	var region Quota
	if len(s.Quotas) > 0 {
		region = s.Quotas[0]
	}
	return map[string]string{
		"now": formatClock(s.Now), "state": words(string(s.State)), "summary": s.Summary,
		"limits": formatLimits(s.Routes), "forecast": formatForecast(s.Routes), "group": formatGroup(&s.Group),

		"rates.in": formatRate(s.Rates.In), "rates.out": formatRate(s.Rates.Out),
		"rates.refused": formatRate(s.Rates.Refused), "quota.rate": formatQuota(region.Scope, region.Rate),
		"quota.learned": formatLearned(&region),
		"latency.p50":   formatLatency(s.Latency.P50), "latency.p99": formatLatency(s.Latency.P99),

		"queue.waiting": formatCount(s.Queue.Waiting), "queue.messages": formatCount(s.Queue.Messages),
		"queue.max_messages": formatCount(s.Queue.MaxMessages), "queue.bytes": formatBytes(float64(s.Queue.Bytes)),
		"queue.max_bytes": formatBytes(float64(s.Queue.MaxBytes)), "queue.in_flight": formatCount(s.Queue.InFlight),

		"nats": s.NATS, "endpoint": s.Endpoint, "key.kind": words(s.Key.Kind),
		"key.expiry": formatExpiry(&s.Key, s.Now), "ready": formatReady(s.NotReady), "version": s.Version,
		"age": formatDuration(since(s.Started, s.Now)), "started": formatStamp(s.Started),
	}
}

func routeRow(r *Route, _ time.Time) row {
	return newRow(routeTone(r), map[string]string{
		"name": r.Name, "from": r.From, "to": r.To, "state": words(r.State), "reason": r.Reason,
		"limit": formatLimit(r.LimitedBy), "forecast": r.Forecast,
		"rates.in": formatRate(r.Rates.In), "rates.out": formatRate(r.Rates.Out),
		"rates.refused": formatRate(r.Rates.Refused), "queued": formatCount(r.Queued),
		"in_flight": formatCount(r.InFlight), "waiting": formatCount(r.Waiting), "received": formatCount(r.Received),

		"settled.published":     formatCount(r.Settled["published"]),
		"settled.dead_lettered": formatCount(r.Settled["dead_lettered"]),
		"settled.lost":          formatCount(r.Settled["rejected"] + r.Settled["dropped"] - r.Skipped),
		"settled.by_policy":     formatCount(r.Settled["replaced"] + r.Settled["shed"] + r.Skipped),
		"settled.expired":       formatCount(r.Settled["expired"]),
		"settled.returned":      formatCount(r.Settled["returned"]), "attempts.429": formatCount(r.Attempts["429"]),
		"ambiguous": formatCount(r.Ambiguous), "redelivered": formatCount(r.Redelivered),
		"source_dropped": formatCount(r.SourceDropped),
	})
}

func quotaRow(q *Quota, _ time.Time) row {
	return newRow("", map[string]string{
		"scope": q.Scope, "rate": formatQuota(q.Scope, q.Rate), "learned": formatLearned(q), "state": words(q.State),
		"reason": q.Reason,
	})
}

func problemRow(p *Problem, now time.Time) row {
	level, how := words(p.Level), tone(p.Level)
	if p.Over != nil {
		level, how = "over since "+formatClock(*p.Over), "calm"
	}
	return newRow(how, map[string]string{
		"level": level, "text": p.Text, "detail": p.Detail, "route": formatWhose(p.Route),
		"count": formatCount(p.Count), "first": formatClock(p.First), "first.ago": formatAgo(p.First, now),
		"last": formatClock(p.Last), "last.ago": formatAgo(p.Last, now),
	})
}

// cell is one text with the name by which the script finds its place.
type cell struct {
	Name, Text string
	Label      string // Of the column.
}

// Zero says that there is nothing to look at.
func (c cell) Zero() bool { return c.Text == "0" }

// Show returns the text of that name.
func (r row) Show(name string) (cell, error) { return r.Cell("", name) }

// Cell returns the text of that name for the column with that label.
func (r row) Cell(label, name string) (cell, error) {
	text, ok := r.Texts[name]
	if !ok {
		return cell{}, fmt.Errorf("there is no text %q", name)
	}
	return cell{name, text, label}, nil
}
