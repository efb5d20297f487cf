package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"momento-bridge/printable"
)

// WriteSecondsCSV writes the test second by second, by RFC 4180; the head has the units.
func WriteSecondsCSV(to io.Writer, r *Report) error {
	rows := [][]string{{
		"time (UTC)", "at (s)", "offered (publishes)", "accepted (publishes)", "refused (publishes)",
		"failed (publishes)",
		"not answered or not sent (publishes)",
	}}
	for _, s := range r.Seconds {
		at := r.Started.Add(time.Duration(s.At) * time.Second).UTC()
		rows = append(rows, []string{
			at.Format(time.RFC3339), strconv.Itoa(s.At), strconv.Itoa(s.Offered), strconv.Itoa(s.Accepted),
			strconv.Itoa(s.Refused), strconv.Itoa(s.Failed),
			strconv.Itoa(s.Offered - s.Accepted - s.Refused - s.Failed),
		})
	}
	return writeCSV(to, rows)
}

// WriteTrialsCSV writes the trials, by RFC 4180; the head has the units. Numbers are those of the JSON, not rounded.
func WriteTrialsCSV(to io.Writer, r *Report) error {
	rows := [][]string{{
		"step", "rate (publishes/s)", "began (s)", "seconds (s)", "sent in all phases (publishes)",
		"accepted (publishes)", "refused (publishes)", "excused (publishes)", "failed (publishes)",
		"not sent (publishes)", "sent in time (share)", "passed", "unfit",
	}}
	for _, t := range tidy(r).Trials {
		onTime := ""
		if t.OnTime > 0 {
			onTime = raw(t.OnTime)
		}
		rows = append(rows, []string{
			cell(t.Name), raw(t.Rate), raw(t.Began), raw(t.Seconds), strconv.Itoa(t.Sent), strconv.Itoa(t.Accepted),
			strconv.Itoa(t.Refused), strconv.Itoa(t.Excused), strconv.Itoa(t.Failed), strconv.Itoa(t.NotSent), onTime,
			strconv.FormatBool(t.Passed), cell(t.Unfit),
		})
	}
	return writeCSV(to, rows)
}

func writeCSV(to io.Writer, rows [][]string) error {
	w := csv.NewWriter(to)
	w.UseCRLF = true
	if err := w.WriteAll(rows); err != nil {
		return fmt.Errorf("writing CSV: %w", err)
	}
	return nil
}

// cell is a text from elsewhere that no spreadsheet takes for a formula.
func cell(text string) string {
	text = printable.Text(text)
	if strings.HasPrefix(text, "=") || strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-") ||
		strings.HasPrefix(text, "@") {
		return "'" + text
	}
	return text
}
