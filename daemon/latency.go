package daemon

import "momento-bridge/admin"

// latencies takes the latency of publishes over the last seconds from counts that only grow. It has seen nothing at
// first.
type latencies struct {
	most float64         // What none exceeds, in seconds, though the bounds are wider apart; 0: not known.
	seen []latencyCounts // One each second, the oldest first.
}

// latencyCounts are how many publishes took up to each bound, and how many there were.
type latencyCounts struct {
	upTo  []uint64
	total uint64
}

// latencySpan is the time that latencies are taken over, in samples.
const latencySpan = 10

// add takes the counts of one moment and returns the latency of the publishes since the oldest that is remembered.
func (l *latencies) add(bounds []float64, upTo []uint64, total uint64) admin.Latency {
	if len(l.seen) > latencySpan {
		l.seen = append(l.seen[:0], l.seen[1:]...)
	}
	l.seen = append(l.seen, latencyCounts{upTo, total})
	first, last := l.seen[0], l.seen[len(l.seen)-1]
	if last.total == first.total {
		return admin.Latency{}
	}
	quantile := func(q float64) *float64 {
		rank := q * float64(last.total-first.total)
		lower, below := 0.0, 0.0
		for i, bound := range bounds {
			count := float64(last.upTo[i] - first.upTo[i])
			if count >= rank {
				lower += (bound - lower) * (rank - below) / (count - below)
				break
			}
			lower, below = bound, count
		}
		if l.most > 0 {
			lower = min(lower, l.most)
		}
		return &lower
	}
	return admin.Latency{P50: quantile(.5), P99: quantile(.99)}
}
