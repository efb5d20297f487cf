package simulation

import "time"

// Figures are what a run was.
type Figures struct {
	Virtual   time.Duration
	Events    int
	Published int // Messages to NATS.
	Attempts  int // Publishes of the daemons,
	Accepted  int // and of those accepted,
	Refused   int // and refused for quota.
	Struck    int // Publishes that a trouble of the endpoint struck.
	Cuts      int // Links that were broken.
	Faults    map[string]int
	Hash      uint64
	// Moved is how often the system had it go on in another thread: what was random there did not follow from the seed.
	Moved int

	// What must not happen, if it did; empty: all was well.
	Fault string
	At    time.Duration
	Trace []string
}
