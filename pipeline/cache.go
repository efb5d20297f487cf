package pipeline

import (
	"time"

	"momento-bridge/pipeline/quota"
)

// cache is what is known of one cache, shared by its routes.
type cache struct {
	pacer    *quota.Pacer // Of a quota of its own; nil: none.
	gate     gate         // Closed while the cache does not exist.
	accepted time.Time    // When the latest publish started that the cache accepted; zero before the first.
	missing  int          // Answers in a row that say that it does not exist.
}

// missingAfter is how many answers in a row mean that a cache which has accepted publishes is gone. Fewer may be about single
// topics.
const missingAfter = 10

// found takes note of a publish, started at sent, that the cache has accepted.
func (c *cache) found(sent time.Time) {
	c.missing = 0
	if sent.After(c.accepted) {
		c.accepted = sent
	}
}

// gone takes note of an answer that says the cache does not exist. It reports whether to believe it.
func (c *cache) gone() bool {
	c.missing++
	return c.accepted.IsZero() || c.missing >= missingAfter
}

// existsSince reports whether a publish that started after t was accepted.
func (c *cache) existsSince(t time.Time) bool { return !t.IsZero() && c.accepted.After(t) }
