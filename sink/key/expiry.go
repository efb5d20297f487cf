package key

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// expiryOf finds when a vended key expires: the first name that is used for that and has a time. It returns zero if
// there is none.
func expiryOf(object map[string]json.RawMessage, names []string) time.Time {
	for _, name := range names {
		if !isExpiryName(plainName(name)) {
			continue
		}
		if at := parseTime(object[name]); !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

// isExpiryName knows expiresAt, expiresAtEpoch, expires_at_ms, valid_until, exp and such. A name may promise a unit:
// the number shows it.
func isExpiryName(plain string) bool {
	switch plain {
	case "exp", "expires", "expiry", "expiration":
		return true
	}
	return strings.HasPrefix(plain, "expiresat") || strings.HasPrefix(plain, "validuntil")
}

// parseTime reads a number, also in quotes, ISO 8601, or an object that has one of them as validUntil, as JavaScript
// writes the SDK's ExpiresAt.
func parseTime(raw json.RawMessage) time.Time {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) == nil {
		if inner, ok := object["validUntil"]; ok && json.Unmarshal(inner, &object) != nil {
			return parseTime(inner)
		}
		return time.Time{}
	}
	text := string(raw)
	var quoted string
	if json.Unmarshal(raw, &quoted) == nil {
		text = strings.TrimSpace(quoted)
	}
	if number, err := strconv.ParseFloat(text, 64); err == nil {
		return fromEpoch(number)
	}
	return fromISO(text)
}

// No key expires before the year 2001 or after 5138: what is smaller is a duration, or nothing, and what is larger
// has a smaller unit.
const firstSecond, lastSecond = 1e9, 1e11

// fromEpoch reads seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size; zero for
// what is none of them.
func fromEpoch(number float64) time.Time {
	for range 4 {
		if number >= firstSecond && number < lastSecond {
			return time.UnixMilli(int64(number * 1000))
		}
		number /= 1000
	}
	return time.Time{}
}

// isoLayouts are what programs write. Fractions of a second are read without being named; without a zone it is UTC.
var isoLayouts = [...]string{
	time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04Z07:00",
	"2006-01-02T15:04:05", "20060102T150405Z0700", time.DateOnly,
}

// fromISO reads a time of ISO 8601, also with a space instead of the T; zero for what is none.
func fromISO(text string) time.Time {
	text = strings.Replace(strings.ToUpper(text), " ", "T", 1)
	for _, layout := range isoLayouts {
		if at, err := time.Parse(layout, text); err == nil && at.Unix() >= firstSecond && at.Unix() < lastSecond {
			return at
		}
	}
	return time.Time{}
}
