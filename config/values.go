package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// scalar is a value that reads itself from a file or a flag.
type scalar interface{ parse(text string) error }

// Rate is publishes per second, learned, or none.
type Rate struct {
	Auto      bool
	Unlimited bool
	PerSecond float64 // When neither Auto nor Unlimited.
}

// The rates that a number may be.
const (
	leastRate = 0.001
	mostRate  = 1e6
)

func (r *Rate) parse(text string) error {
	switch text {
	case "auto":
		*r = Rate{Auto: true}
		return nil
	case "unlimited":
		*r = Rate{Unlimited: true}
		return nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= leastRate) || n > mostRate {
		return fmt.Errorf("%q is not a rate: write auto, unlimited, or publishes per second from 0.001 to 1000000, "+
			"such as 10 or 0.5", text)
	}
	*r = Rate{PerSecond: n}
	return nil
}

// String returns the rate as it stands in a file.
func (r Rate) String() string {
	switch {
	case r.Auto:
		return "auto"
	case r.Unlimited:
		return "unlimited"
	}
	return strconv.FormatFloat(r.PerSecond, 'g', -1, 64)
}

// InFlight is a number of publishes, or AutoInFlight.
type InFlight int

// AutoInFlight is as many as the load needs.
const AutoInFlight InFlight = -1

func (n *InFlight) parse(text string) error {
	if text == "auto" {
		*n = AutoInFlight
		return nil
	}
	v, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return fmt.Errorf("%q is neither auto nor a whole number", text)
	}
	*n = InFlight(v)
	return nil
}

// String returns it as it stands in a file.
func (n InFlight) String() string {
	if n == AutoInFlight {
		return "auto"
	}
	return strconv.Itoa(int(n))
}

// Duration is a time span, such as 5s or 1m30s.
type Duration time.Duration

func (d *Duration) parse(text string) error {
	v, err := time.ParseDuration(text)
	if err != nil {
		if n, numberErr := strconv.ParseFloat(text, 64); numberErr == nil && n != 0 {
			return fmt.Errorf("%q has no unit: write %ss for seconds or %sms for milliseconds", text, text, text)
		}
		return fmt.Errorf("%q is not a duration: write one such as 500ms, 5s or 1m30s", text)
	}
	if v < 0 || strings.HasPrefix(text, "-") {
		return fmt.Errorf("%q is negative", text)
	}
	*d = Duration(v)
	return nil
}

// String returns the duration as it stands in a file.
func (d Duration) String() string { return time.Duration(d).String() }

// Size is a number of bytes, such as 4096, 4KiB or 64MiB.
type Size int64

var sizeUnits = [...]struct {
	suffix string
	bytes  float64
}{
	{"KiB", 1 << 10},
	{"MiB", 1 << 20},
	{"GiB", 1 << 30},
	{"KB", 1e3},
	{"MB", 1e6},
	{"GB", 1e9},
	{"kB", 1e3},
	{"B", 1},
}

// maxSize is the greatest size that is read, in bytes.
const maxSize = 1 << 50

func (s *Size) parse(text string) error {
	number, unit := text, 1.0
	for _, u := range sizeUnits {
		if before, ok := strings.CutSuffix(text, u.suffix); ok {
			number, unit = strings.TrimSpace(before), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	bytes := n * unit
	if err != nil || !(bytes >= 0) || bytes > maxSize || bytes != math.Trunc(bytes) {
		return fmt.Errorf("%q is not a size: write bytes, such as 4096, 4KiB or 64MiB", text)
	}
	*s = Size(bytes)
	return nil
}

// Start is where a created consumer starts: all, new, a time, or a sequence of the stream.
type Start string

func (s *Start) parse(text string) error {
	*s = Start(text)
	_, isTime := s.Time()
	_, isSequence := s.Sequence()
	if text != DeliverAll && text != DeliverNew && !isTime && !isSequence {
		return fmt.Errorf("%q is no start: write all, new, a time such as 2026-01-31T06:00:00Z, or a sequence of the "+
			"stream from 1 on", text)
	}
	return nil
}

// Time returns the time to start at, if it is one.
func (s Start) Time() (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, string(s))
	return at, err == nil
}

// Sequence returns the sequence to start at, if it is one.
func (s Start) Sequence() (uint64, bool) {
	n, err := strconv.ParseUint(string(s), 10, 64)
	return n, err == nil && n > 0
}

// Proxy is the address of a proxy, which may hold a password, or a word. It prints without the address.
type Proxy string

// String keeps an address out of logs and errors; it shows the word none only.
func (p Proxy) String() string {
	if p == "" || p == "none" {
		return string(p)
	}
	return "***"
}

// GoString keeps it out of %#v.
func (p Proxy) GoString() string { return strconv.Quote(p.String()) }

// MarshalText keeps it out of JSON and YAML.
func (p Proxy) MarshalText() ([]byte, error) { return []byte(p.String()), nil }
