package quota

import "math"

const kib = 1024

// Operations returns how many operations Momento counts for a publish of this many bytes: one for each started KiB,
// and at least one. It leaves out what Momento counts for the delivery to subscribers; see [Cost].
func Operations(bytes int) uint64 { return uint64(max(1, (bytes+kib-1)/kib)) }

// Cost returns what a publish of this many bytes costs where a quota counts operations: those of the publish, and the
// same again for each subscriber that it is delivered to.
func Cost(bytes, subscribers int) float64 {
	return float64(Operations(bytes)) * float64(1+subscribers)
}

// Bytes returns how many bytes a publish may have for the operations that one of this many bytes costs.
func Bytes(bytes int) int { return int(min(Operations(bytes), mostOperations)) * kib } //nolint:gosec // Bounded.

// mostOperations bounds what Affordable returns, in operations of one publish.
const mostOperations = 1 << 20

// Affordable returns the size in bytes of the largest publish that these tokens pay for, with this many subscribers. A
// publish of least bytes must be sent in any case: the result is never less than what costs as much as that.
func Affordable(tokens float64, subscribers, least int) int {
	operations := math.Floor(tokens / float64(1+subscribers))
	return int(min(max(float64(Operations(least)), operations), mostOperations)) * kib
}
