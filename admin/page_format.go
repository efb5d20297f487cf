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

func words(s string) string { return strings.ReplaceAll(s, "_", " ") }

const (
	apart = "\u202f" // Between thousands, as in the sentences of the status; but no line ends there.
	unit  = "\u00a0" // Between a number and its unit, likewise.
)

// fixed writes n with so many decimals, halves rounded up, and thousands apart.
func fixed(n float64, decimals int) string {
	scale := math.Pow10(decimals)
	return terminal.Group(strconv.FormatFloat(math.Floor(n*scale+0.5)/scale, 'f', decimals, 64), apart)
}

func formatCount[N int | int64 | uint64](n N) string { return terminal.Group(fmt.Sprint(n), apart) }

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

// formatLatency writes seconds, with three digits or so; nil is not known.
func formatLatency(seconds *float64) string {
	if seconds == nil {
		return "–"
	}
	switch ms := *seconds * 1000; {
	case ms < 1:
		return fixed(ms, 2) + unit + "ms"
	case ms < 10:
		return fixed(ms, 1) + unit + "ms"
	case ms < 1000:
		return fixed(ms, 0) + unit + "ms"
	}
	return fixed(*seconds, 2) + unit + "s"
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

func formatAgo(t, now time.Time) string { return formatDuration(since(t, now)) + " ago" }

func formatStamp(t time.Time) string { return t.UTC().Format(time.DateTime) }

func formatClock(t time.Time) string { return t.UTC().Format(time.TimeOnly) }

// formatWhose names a route; an empty one is all of them.
func formatWhose(route string) string { return cmp.Or(route, "all") }

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

// formatForecast is the forecast of all routes: that of the one whose backlog is gone last.
func formatForecast(routes []Route) string {
	drain, unknown := 0.0, false
	for i := range routes {
		switch r := &routes[i]; r.Kind() {
		case Never:
			return "never drained"
		case Drains:
			drain = max(drain, *r.DrainSeconds)
		case UnknownForecast:
			unknown = unknown || r.CarriedBy == "" || len(routes) == 1
		}
	}
	switch {
	case unknown:
		return "not known yet"
	case drain == 0:
		return "keeping up"
	}
	return "drained in " + formatDuration(drain)
}

// formatQuota writes a quota per second, of bytes for throughput; nil is none.
func formatQuota(scope string, rate *float64) string {
	switch {
	case rate == nil:
		return "no limit"
	case scope == "throughput":
		return formatBytes(*rate) + "/s"
	}
	return formatRate(*rate) + "/s"
}

func formatLearned(q *Quota) string {
	switch {
	case q.Learned == 0 && q.State == "holding":
		return "not known yet"
	case q.Learned == 0:
		return "none met"
	case q.LearnedSeconds == nil:
		return formatQuota(q.Scope, &q.Learned)
	}
	return formatQuota(q.Scope, &q.Learned) + ", " + formatDuration(*q.LearnedSeconds) + " ago"
}

func formatReady(reasons []string) string {
	if len(reasons) == 0 {
		return "yes"
	}
	return "no: " + strings.Join(reasons, "; ")
}

func formatExpiry(k *Key, now time.Time) string {
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
	return text + " (" + formatStamp(*k.Expires) + ")"
}
