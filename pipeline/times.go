package pipeline

import "sync/atomic"

// publishTimes counts the attempts of all routes together by how long they took: to read the histograms of a thousand
// routes each second would cost more than publishing does. The last count is of those that exceed every bound. Its
// methods may be called concurrently.
type publishTimes [len(publishBounds) + 1]atomic.Uint64

// publishBounds are the upper bounds of the buckets of publish durations, in seconds.
var publishBounds = [...]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

func (t *publishTimes) observe(seconds float64) {
	i := 0
	for i < len(publishBounds) && seconds > publishBounds[i] {
		i++
	}
	t[i].Add(1)
}

// PublishTimes returns how long publish attempts of all routes have taken so far. bounds are times in seconds, and upTo
// says for each how many attempts took no longer. Those that took longer than the last bound are counted only in total.
// It may be called concurrently.
func (m *Metrics) PublishTimes() (bounds []float64, upTo []uint64, total uint64) {
	upTo = make([]uint64, len(publishBounds))
	for i := range m.times {
		total += m.times[i].Load()
		if i < len(upTo) {
			upTo[i] = total
		}
	}
	return publishBounds[:], upTo, total
}
