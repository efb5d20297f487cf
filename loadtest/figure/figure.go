// Package figure writes the numbers of load tests for people: one way for each kind, wherever they are told. Search,
// the engine, reports and commands use it, so that a number that is told twice looks the same.
package figure

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"momento-bridge/terminal"
)

// Count groups digits by threes: 29 892.
func Count(n int) string {
	return groups(strconv.Itoa(n))
}

func groups(digits string) string { return terminal.Group(digits, " ") }

// Rate writes a rate with four digits, or as many as its whole part has.
func Rate(perSecond float64) string { return Number(perSecond, 4) + "/s" }

// Number writes a value with so many significant digits, or as many as its whole part has, without zeros at the end.
func Number(v float64, digits int) string {
	text := significant(v, digits)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// significant is Number with zeros at the end.
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

// Time writes a short time with three digits: 80 us, 5.10 ms, 1.20 s.
func Time(seconds float64) string {
	switch {
	case seconds < 0.0009995:
		return strconv.FormatFloat(seconds*1e6, 'f', 0, 64) + " us"
	case seconds < 0.9995:
		return significant(seconds*1e3, 3) + " ms"
	}
	return significant(seconds, 3) + " s"
}

// Duration writes how long a test took: 3 min 28 s.
func Duration(seconds float64) string {
	if seconds < 9.95 {
		return Number(seconds, 2) + " s"
	}
	switch whole := int(math.Round(seconds)); {
	case whole < 60:
		return fmt.Sprintf("%d s", whole)
	case whole < 3600:
		return fmt.Sprintf("%d min %d s", whole/60, whole%60)
	}
	minutes := int(math.Round(seconds / 60))
	return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
}

// Share writes a share with three digits. What is above 0 is never written as 0, what is below 1 never as 100 %.
func Share(share float64) string {
	if share > 0.99 && share < 1 {
		return trimZeros(100-roundUp((1-share)*100)) + " %"
	}
	return Number(share*100, 3) + " %"
}

// roundUp rounds to two digits, away from 0.
func roundUp(v float64) float64 {
	step := math.Pow(10, math.Floor(math.Log10(v))-1)
	return math.Ceil(v/step-1e-9) * step
}

func trimZeros(v float64) string {
	return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(v, 'f', 6, 64), "0"), ".")
}

// Bound writes the upper end of an interval: rounded up.
func Bound(share float64) string {
	if share <= 0 {
		return "0 %"
	}
	return trimZeros(roundUp(share*100)) + " %"
}
