package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"momento-bridge/terminal"
)

const tooFew = "n too small"

// countText groups digits by threes: 29 892.
func countText(n int) string {
	return groups(strconv.Itoa(n))
}

func groups(digits string) string { return terminal.Group(digits, " ") }

// rateText writes a rate with four digits, or as many as its whole part has.
func rateText(perSecond float64) string { return number(perSecond, 4) + "/s" }

// number writes a value with so many significant digits, or as many as its whole part has, without zeros at the end.
func number(v float64, digits int) string {
	text := significant(v, digits)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// significant is number with zeros at the end.
func significant(v float64, digits int) string {
	if v == 0 {
		return "0"
	}
	// Of the rounded value: 9.996 has three digits as 10.0.
	_, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', digits-1, 64), "e")
	power, err := strconv.Atoi(exponent)
	if err != nil {
		return strconv.FormatFloat(v, 'f', -1, 64) // It is no number.
	}
	return groups(strconv.FormatFloat(v, 'f', min(max(0, digits-1-power), 12), 64))
}

// secondsText writes a short time with three digits: 80 us, 5.10 ms, 1.20 s.
func secondsText(seconds float64) string {
	switch {
	case seconds < 0.0009995:
		return strconv.FormatFloat(seconds*1e6, 'f', 0, 64) + " us"
	case seconds < 0.9995:
		return significant(seconds*1e3, 3) + " ms"
	}
	return significant(seconds, 3) + " s"
}

// optional writes a percentile.
func optional(seconds *float64) string {
	if seconds == nil {
		return tooFew
	}
	return secondsText(*seconds)
}

// durationText writes how long a test took: 3 min 28 s.
func durationText(seconds float64) string {
	switch {
	case seconds < 10:
		return number(seconds, 2) + " s"
	case seconds < 60:
		return fmt.Sprintf("%.0f s", seconds)
	case seconds < 3600:
		return fmt.Sprintf("%d min %d s", int(seconds)/60, int(seconds)%60)
	}
	return fmt.Sprintf("%d h %d min", int(seconds)/3600, int(seconds)/60%60)
}

// percent writes a share with three digits. What is above 0 is never written as 0, what is below 1 never as 100 %.
func percent(share float64) string {
	if share > 0.5 && share < 1 {
		return trimZeros(100-roundUp((1-share)*100)) + " %"
	}
	return number(share*100, 3) + " %"
}

// roundUp rounds to two digits, away from 0.
func roundUp(v float64) float64 {
	step := math.Pow(10, math.Floor(math.Log10(v))-1)
	return math.Ceil(v/step-1e-9) * step
}

func trimZeros(v float64) string {
	return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(v, 'f', 6, 64), "0"), ".")
}

// bound writes the upper end of an interval: rounded up.
func bound(share float64) string { return trimZeros(roundUp(share*100)) + " %" }

func share(part, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(part) / float64(of)
}

const (
	minuteLayout = "2006-01-02 15:04"
	secondLayout = "2006-01-02 15:04:05"
)

// span writes the time of a test, in minutes UTC.
func span(from, to time.Time) string {
	from, to = from.UTC(), to.UTC()
	layout := minuteLayout
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		layout = "15:04"
	}
	return from.Format(minuteLayout) + " to " + to.Format(layout) + " UTC"
}
