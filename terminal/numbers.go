package terminal

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Count writes a whole number with a space between thousands, such as 16 384.
func Count(n int64) string { return Group(strconv.FormatInt(n, 10), " ") }

// Group puts apart between the thousands of a decimal number, which may have a sign and a fraction.
func Group(digits, apart string) string {
	whole, fraction, broken := strings.Cut(digits, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + apart + whole[i:]
	}
	if !broken {
		return whole
	}
	return whole + "." + fraction
}

// Number writes a rate, which is not negative: two significant digits below 10, otherwise a whole number.
func Number(f float64) string {
	if f >= 10 {
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprintf("%.2g", f)
}

// Bytes writes a size of n bytes in B, KiB or MiB.
func Bytes(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.3g KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.4g MiB", float64(n)/(1<<20))
}

// Age writes a duration in its two largest units, rounded down: 42s, 3m20s, 5h0m, 2d3h. A negative one is 0s.
func Age(d time.Duration) string {
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

// Seconds writes a latency, given in seconds, with three significant digits: in s from one second on, otherwise in ms.
func Seconds(seconds float64) string {
	if seconds >= 1 {
		return fmt.Sprintf("%.3gs", seconds)
	}
	return fmt.Sprintf("%.3gms", seconds*1000)
}

// Plural returns a count and a noun whose plural ends in s: 1 route, 2 routes.
func Plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
