package report

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// WriteHGRM writes the spectrum of a distribution as HdrHistogram's percentile text, which its plotter and others read.
// Values are milliseconds.
func WriteHGRM(to io.Writer, l *Latency) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)")
	for _, q := range l.Spectrum {
		count := int(math.Ceil(q.Share*float64(l.Count) - 1e-6))
		fmt.Fprintf(&b, "%12.3f %14.12f %10d", q.Seconds*1e3, q.Share, max(1, count))
		if q.Share < 1 {
			fmt.Fprintf(&b, " %14.2f", 1/(1-q.Share))
		}
		b.WriteByte('\n')
	}
	if l.Mean != nil && l.StdDev != nil {
		fmt.Fprintf(&b, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", *l.Mean*1e3, *l.StdDev*1e3)
	}
	if l.Max != nil {
		fmt.Fprintf(&b, "#[Max     = %12.3f, Total count    = %12d]\n", *l.Max*1e3, l.Count)
	}
	_, err := io.WriteString(to, b.String())
	return err
}
