package emulator

import (
	"fmt"
	"slices"
	"time"
)

// Documented are the settings of what Momento's documents leave open, or say in two ways. The zero value is what its
// protocol's comments and the tests of its SDKs say. They are told apart, with their sources, in docs/emulator.md.
type Documented struct {
	// FromZero is what a subscriber gets that names no sequence number, or 0: latest (also the empty string) begins
	// with the topic's last message, now with the next one.
	FromZero string
	// NewSequence is which number the note of a break names: next (also the empty string), that of the next message, or
	// before, that of the one before it.
	NewSequence string
	// Strict refuses what is not documented to be allowed: query parameters of other names, and a scheme word before
	// the token.
	Strict bool
	// Subscriptions is how many long polls may be under way at once; more are answered 429. 0: 100; negative: any
	// number.
	Subscriptions int
	// PollTimeout ends a long poll for which nothing comes, with an empty list; 0: never.
	PollTimeout time.Duration
	// Page is the sequence page of every topic; 0: 1. Another one begins every topic anew, as the service does with
	// topics that it had to take from memory.
	Page uint64
}

// What Documented's words may be.
const (
	Latest = "latest"
	Now    = "now"
	Next   = "next"
	Before = "before"

	documentedSubscriptions = 100 // public-dev-docs docs/topics/limits.mdx, at 019c888d1.
)

func (d *Documented) check() error {
	switch {
	case !slices.Contains([]string{"", Latest, Now}, d.FromZero):
		return fmt.Errorf("unknown from-zero %q: it is latest or now", d.FromZero)
	case !slices.Contains([]string{"", Next, Before}, d.NewSequence):
		return fmt.Errorf("unknown new-sequence %q: it is next or before", d.NewSequence)
	case d.PollTimeout < 0:
		return fmt.Errorf("poll-timeout %v must not be negative", d.PollTimeout)
	}
	return nil
}

// page is the sequence page of every topic.
func (d *Documented) page() uint64 { return max(1, d.Page) }

// limit is how many long polls may be under way at once; negative: any number.
func (d *Documented) limit() int {
	if d.Subscriptions == 0 {
		return documentedSubscriptions
	}
	return d.Subscriptions
}
