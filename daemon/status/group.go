package status

import "momento-bridge/admin"

// Group is what this replica knows of those that share its name. The zero Group is a daemon that knows of nobody else.
type Group struct {
	Name    string
	Quotas  string   // Whose they share: the same for all who hear each other.
	Self    string   // This replica's ID among the members; empty: it has none yet.
	Members []Member // By their start, this replica among them.
	Leases  []Lease  // Of all ordered routes on streams and their partitions, each once.
	Rates   []GroupRate
	Missing string // What leases lack: a right, the bucket; empty: nothing.
	Advice  string // What to do about it, a command where one helps.
	// Unshared says that this replica shares no quota, and others of its group do, and what to do; empty: that is not
	// so.
	Unshared string
}

// Member is one replica of the group.
type Member = admin.Member

// Lease is the right to carry an ordered route, or one partition of it.
type Lease = admin.Lease

// GroupRate is one limit that the group shares, in its unit per second; +Inf: none is known.
type GroupRate struct {
	Scope   string  // As in the pipeline's quotas.
	Rate    float64 // Of the whole group.
	Share   float64 // Of this replica.
	Learned float64 // Of the whole group; 0: none was met.
}

// The states of a lease, as this replica sees it.
const (
	LeaseStandby    = "standby"    // Another replica holds it, or nobody does and this one waits.
	LeaseTaking     = "taking"     // It is free, and this replica asks for it.
	LeaseSettling   = "settling"   // Taken: what is unacknowledged is gathered before anything is published.
	LeasePublishing = "publishing" // Held.
	LeaseReleasing  = "releasing"  // Held, and being handed back.
	LeaseLost       = "lost"       // It was held, and ended before it was handed back.
	LeaseAlone      = "alone"      // There is no bucket and no older replica: carried without a lease.
)
