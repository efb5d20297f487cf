package status

import "time"

// Group is what this replica knows of the replicas that share its name: who they are, who carries which ordered route, and how the quota is
// divided. The zero Group is a daemon that knows of nobody but itself.
type Group struct {
	Name    string      `json:"name,omitempty"`
	Self    string      `json:"self,omitempty"`    // this replica's ID among the members
	Members []Member    `json:"members,omitempty"` // in the order of their start, this replica among them
	Leases  []Lease     `json:"leases,omitempty"`  // of all ordered routes and their partitions
	Rates   []GroupRate `json:"rates,omitempty"`
	Missing string      `json:"missing,omitempty"` // what leases lack: a right, the bucket
	Advice  string      `json:"advice,omitempty"`  // what to do about it, a command where one helps
}

// Member is one replica of the group.
type Member struct {
	ID      string    `json:"id"`
	Host    string    `json:"host,omitempty"`
	Version string    `json:"version,omitempty"`
	Started time.Time `json:"started,omitzero"`
	Heard   time.Time `json:"heard,omitzero"`   // the last word from it
	Self    bool      `json:"self,omitempty"`   // this replica
	Keeper  bool      `json:"keeper,omitempty"` // the one that learns the quota for all
	Routes  string    `json:"routes,omitempty"` // a hash of its routes: members of one group have the same
}

// Lease is the right to carry an ordered route, or one partition of it.
type Lease struct {
	Route     string    `json:"route"`
	Partition int       `json:"partition,omitempty"` // from 1; 0: the route is not partitioned
	Holder    string    `json:"holder,omitempty"`    // the member that holds it; empty: nobody
	Mine      bool      `json:"mine,omitempty"`
	State     string    `json:"state"` // one of the constants below
	Since     time.Time `json:"since,omitzero"`
	Changes   int       `json:"changes,omitempty"` // how often it changed hands while this replica looked on
}

// The states of a lease, as this replica sees it.
const (
	LeaseStandby    = "standby"    // another replica holds it, or nobody, and this one waits
	LeaseTaking     = "taking"     // it is free and this replica asks for it
	LeaseSettling   = "settling"   // taken: what is unacknowledged is gathered before anything is published
	LeasePublishing = "publishing" // held
	LeaseReleasing  = "releasing"  // held, and being handed back
	LeaseLost       = "lost"       // held before its time was over
	LeaseAlone      = "alone"      // there is no bucket and no other replica: carried without a lease
)

// GroupRate is one limit that the group shares.
type GroupRate struct {
	Scope   string  `json:"scope"`             // the limit, as in its file: region, cache, route
	Rate    float64 `json:"rate"`              // of the whole group, in its unit a second
	Share   float64 `json:"share"`             // of this replica
	Learned float64 `json:"learned,omitempty"` // what was learned of it; 0: told, or nothing yet
}
