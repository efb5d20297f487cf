package canary

import (
	"math"
	"slices"
	"time"
)

// recentLatencies are kept for quantiles.
const recentLatencies = 512

// latencies are the last ones, in a ring.
type latencies struct {
	kept []time.Duration
	next int
}

func (l *latencies) add(d time.Duration) {
	if len(l.kept) < recentLatencies {
		l.kept = append(l.kept, d)
		return
	}
	l.kept[l.next] = d
	l.next = (l.next + 1) % recentLatencies
}

// quantile is the least latency that at least a share of them does not exceed.
func (l *latencies) quantile(share float64) (time.Duration, bool) {
	if len(l.kept) == 0 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(l.kept))
	rank := int(math.Ceil(share*float64(len(sorted)))) - 1
	return sorted[min(max(rank, 0), len(sorted)-1)], true
}
