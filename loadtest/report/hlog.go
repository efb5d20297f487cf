package report

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// encoded matches a histogram as HdrHistogram encodes it: version 2, compressed, in base64.
var encoded = regexp.MustCompile(`^HIST[A-Za-z0-9+/]+={0,2}$`)

// WriteHLog writes the distributions as an interval log of HdrHistogram, version 1.3, which its tools read: a line for
// each, with the name as its tag and the time in which it was measured. Recorded values are microseconds; the greatest
// of each line is in milliseconds, as these tools have it. Distributions without a histogram, as in reports of before,
// are left out.
func WriteHLog(to io.Writer, r *Report) error {
	var b strings.Builder
	began := r.Started.UTC()
	b.WriteString("#[Histogram log format version 1.3]\n#[Recorded values are microseconds]\n")
	fmt.Fprintf(&b, "#[StartTime: %.3f (seconds since epoch), %s]\n", float64(began.UnixMilli())/1e3,
		began.Format(time.RFC3339))
	b.WriteString(`"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"` + "\n")
	for _, t := range r.timings() {
		if !t.logged() {
			continue
		}
		fmt.Fprintf(&b, "Tag=%s,%.3f,%.3f,%.3f,%s\n", fileName(t.name, t.what), t.Began, t.Seconds,
			value(t.Max)*1e3, t.Histogram)
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// logged reports whether the distribution has a histogram.
func (l *Latency) logged() bool { return encoded.MatchString(l.Histogram) }

// hasLog reports whether any distribution has one.
func (r *Report) hasLog() bool {
	for _, t := range r.timings() {
		if t.logged() {
			return true
		}
	}
	return false
}
