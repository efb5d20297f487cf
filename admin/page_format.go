package admin

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"momento-bridge/terminal"
)

// formats write the values of a Status for people, by the names that the template gives them. page/format.js has the
// same ones, for the values that come later; a test holds the two together. now is the status's.
var formats = map[string]func(v any, now time.Time) string{
	"text":     func(v any, _ time.Time) string { return fmt.Sprint(v) },
	"words":    func(v any, _ time.Time) string { return words(fmt.Sprint(v)) },
	"count":    func(v any, _ time.Time) string { return formatNumber(v, formatCount, "–") },
	"rate":     func(v any, _ time.Time) string { return formatNumber(v, formatRate, "no limit") },
	"latency":  func(v any, _ time.Time) string { return formatNumber(v, formatLatency, "–") },
	"bytes":    func(v any, _ time.Time) string { return formatNumber(v, formatBytes, "–") },
	"drain":    func(v any, _ time.Time) string { return formatNumber(v, formatDrain, "never") },
	"stamp":    func(v any, _ time.Time) string { return v.(time.Time).UTC().Format(time.DateTime) },
	"clock":    func(v any, _ time.Time) string { return v.(time.Time).UTC().Format(time.TimeOnly) },
	"ago":      func(v any, now time.Time) string { return formatDuration(since(v.(time.Time), now)) + " ago" },
	"since":    func(v any, now time.Time) string { return formatDuration(since(v.(time.Time), now)) },
	"whose":    func(v any, _ time.Time) string { return cmp.Or(v.(string), "all") },
	"limit":    func(v any, _ time.Time) string { return formatLimit(v.(string)) },
	"limits":   func(v any, _ time.Time) string { return formatLimits(v.([]Route)) },
	"forecast": func(v any, _ time.Time) string { return worst(v.([]Route)) },
	"force":    func(v any, _ time.Time) string { q := v.(Quota); return formatQuota(q.Scope, q.Rate, "no limit") },
	"learned":  func(v any, _ time.Time) string { return formatLearned(v.(Quota)) },
	"ready":    func(v any, _ time.Time) string { return formatReady(v.([]string)) },
	"expiry":   func(v any, now time.Time) string { return formatExpiry(v.(Key), now) },
}

func words(s string) string { return strings.ReplaceAll(s, "_", " ") }

// formatNumber formats any number, and nil pointers with none.
func formatNumber(v any, format func(float64) string, none string) string {
	switch n := v.(type) {
	case *float64:
		if n == nil {
			return none
		}
		return format(*n)
	case float64:
		return format(n)
	case int:
		return format(float64(n))
	case int64:
		return format(float64(n))
	case uint64:
		return format(float64(n))
	}
	return fmt.Sprint(v)
}

const (
	apart = "\u202f" // Between thousands, as in the sentences of the status; but no line ends there.
	unit  = "\u00a0" // Between a number and its unit, likewise.
)

// fixed writes n with so many decimals, halves rounded up as JavaScript does, and thousands apart.
func fixed(n float64, decimals int) string {
	scale := math.Pow10(decimals)
	return terminal.Group(strconv.FormatFloat(math.Floor(n*scale+0.5)/scale, 'f', decimals, 64), apart)
}

func formatCount(n float64) string { return fixed(n, 0) }

// formatRate writes a number per second, without the unit.
func formatRate(n float64) string {
	switch {
	case n == 0:
		return "0"
	case n < 1:
		return fixed(n, 2)
	case n < 100:
		return fixed(n, 1)
	}
	return fixed(n, 0)
}

// formatLatency writes seconds, with three digits or so.
func formatLatency(seconds float64) string {
	switch ms := seconds * 1000; {
	case ms < 1:
		return fixed(ms, 2) + unit + "ms"
	case ms < 10:
		return fixed(ms, 1) + unit + "ms"
	case ms < 1000:
		return fixed(ms, 0) + unit + "ms"
	}
	return fixed(seconds, 2) + unit + "s"
}

func formatBytes(n float64) string {
	units := [...]string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for n >= 1024 && i < len(units)-1 {
		n /= 1024
		i++
	}
	if i == 0 || n >= 100 {
		return fixed(n, 0) + unit + units[i]
	}
	return fixed(n, 1) + unit + units[i]
}

// formatDrain writes how long a backlog takes.
func formatDrain(seconds float64) string {
	if seconds == 0 {
		return "keeps up"
	}
	return formatDuration(seconds)
}

// formatDuration writes seconds in the two units that matter.
func formatDuration(seconds float64) string {
	s := int64(max(0, seconds))
	switch {
	case s < 60:
		return part(s, "s")
	case s < 3600:
		return part(s/60, "min") + " " + part(s%60, "s")
	case s < 86400:
		return part(s/3600, "h") + " " + part(s/60%60, "min")
	}
	return part(s/86400, "d") + " " + part(s/3600%24, "h")
}

func part(n int64, of string) string { return strconv.FormatInt(n, 10) + unit + of }

// since is the time from t to now in seconds, both in whole milliseconds.
func since(t, now time.Time) float64 { return float64(now.UnixMilli()-t.UnixMilli()) / 1000 }

// limitWords say what holds a route back, where the word alone does not.
var limitWords = map[string]string{
	"":         "nothing",
	"order":    "order within topics",
	"backoff":  "waiting to try again",
	"key":      "API key",
	"nats":     "NATS",
	"cache":    "missing cache",
	"pause":    "an operator's pause",
	"rejected": "the endpoint, which rejects all",
}

func formatLimit(by string) string {
	if text, ok := limitWords[by]; ok {
		return text
	}
	return words(by)
}

// formatLimits says what holds back the routes, each limit once.
func formatLimits(routes []Route) string {
	var all []string
	for _, r := range routes {
		if text := formatLimit(r.LimitedBy); text != "nothing" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}

// worst is the forecast of all routes: that of the one whose backlog is gone last.
func worst(routes []Route) string {
	drain := 0.0
	for _, r := range routes {
		if r.DrainSeconds == nil {
			return "never drained"
		}
		drain = max(drain, *r.DrainSeconds)
	}
	if drain == 0 {
		return "keeping up"
	}
	return "drained in " + formatDuration(drain)
}

// formatQuota writes a quota per second: of bytes for throughput.
func formatQuota(scope string, rate *float64, none string) string {
	if scope == "throughput" {
		text := formatNumber(rate, formatBytes, "")
		if text == "" {
			return none
		}
		return text + "/s"
	}
	text := formatNumber(rate, formatRate, "")
	if text == "" {
		return none
	}
	return text + "/s"
}

func formatLearned(q Quota) string {
	if q.Learned == 0 {
		return "none met"
	}
	return formatQuota(q.Scope, &q.Learned, "")
}

func formatReady(reasons []string) string {
	if len(reasons) == 0 {
		return "yes"
	}
	return "no: " + strings.Join(reasons, "; ")
}

func formatExpiry(k Key, now time.Time) string {
	if k.Expires == nil {
		return "does not say when it expires"
	}
	text := "expires in " + formatDuration(-since(*k.Expires, now))
	if !k.Expires.After(now) {
		text = "expired " + formatDuration(since(*k.Expires, now)) + " ago"
	}
	if k.Vended {
		text += ", replaced before"
	}
	return text + " (" + k.Expires.UTC().Format(time.DateTime) + ")"
}

// tones are those of words that are no state of the daemon: states of routes and levels of problems.
var tones = map[string]string{
	"running": "good", "draining": "busy", "paused": "held", "parked": "bad", LevelWarning: "warn", LevelError: "bad",
}

// tone says how a state, a route or a problem's level is to be taken, for colour and symbol. A route that runs and has
// a reason why it does not carry messages is not well. What is not known is bad.
func tone(of any) string {
	if r, ok := of.(Route); ok {
		if r.State == "running" && r.Reason != "" {
			return "warn"
		}
		of = r.State
	}
	word := fmt.Sprint(of)
	if t, ok := tones[word]; ok {
		return t
	}
	if !slices.Contains(States[:], State(word)) {
		return "bad"
	}
	return stateTone(State(word))
}

// stateTones are of states that look other than their severity.
var stateTones = map[State]string{Idle: "calm", CatchingUp: "busy", Paused: "held"}

// stateTone is the severity's tone, where a state has none of its own.
func stateTone(s State) string {
	if t, ok := stateTones[s]; ok {
		return t
	}
	return [...]string{Good: "good", Warning: "warn", Bad: "bad"}[s.Severity()]
}
