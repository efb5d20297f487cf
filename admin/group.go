package admin

import "time"

// Group is what the daemon knows of its replicas. Rates are per second; null stands for no limit.
type Group struct {
	Name    string      `json:"name"`
	Self    string      `json:"self"`    // This replica's id among the members; empty: it is alone.
	Members []Member    `json:"members"` // By their start, this replica among them.
	Leases  []Lease     `json:"leases"`  // Of ordered routes, and of their partitions.
	Rates   []GroupRate `json:"rates"`
	Missing string      `json:"missing"` // What leases lack: a right, the bucket.
	Advice  string      `json:"advice"`  // What to do about it.
	// That this replica shares no quota, and others of its group do, and what to do; empty: that is not so.
	Unshared string `json:"unshared,omitempty"`
}

// Member is one replica of the group.
type Member struct {
	ID      string    `json:"id"`
	Host    string    `json:"host"`
	Version string    `json:"version"`
	Started time.Time `json:"started,omitzero"`
	Heard   time.Time `json:"heard,omitzero"` // The last word from it.
	Self    bool      `json:"self"`
	Keeper  bool      `json:"keeper"` // It learns the quota for all.
	Routes  string    `json:"routes"` // A hash of its routes: those of one group should be the same.
}

// Lease is the right to carry an ordered route, or one partition of it.
type Lease struct {
	Route     string    `json:"route"`
	Partition int       `json:"partition"` // From 1; 0: the route is not partitioned.
	Holder    string    `json:"holder"`    // The member's id; empty: nobody.
	Mine      bool      `json:"mine"`
	State     string    `json:"state"` // As this replica sees it.
	Since     time.Time `json:"since,omitzero"`
	Changes   int       `json:"changes"` // How often it changed hands while this replica looked on.
}

// GroupRate is one limit of the whole group, and what this replica has of it.
type GroupRate struct {
	Scope   string   `json:"scope"`
	Rate    *float64 `json:"rate"`
	Share   *float64 `json:"share"`
	Learned float64  `json:"learned"` // 0: none was met.
}

// Member returns the member of that id; nil: there is none.
func (g *Group) Member(id string) *Member {
	for i := range g.Members {
		if g.Members[i].ID == id {
			return &g.Members[i]
		}
	}
	return nil
}

// MemberName is what people know a member by: its host, or its id where two have the same host or none is known.
func (g *Group) MemberName(id string) string {
	m := g.Member(id)
	if m == nil || m.Host == "" {
		return id
	}
	for i := range g.Members {
		if other := &g.Members[i]; other.ID != id && other.Host == m.Host {
			return id
		}
	}
	return m.Host
}

// Strangers are how many members have other routes than this one.
func (g *Group) Strangers() int {
	own := ""
	for i := range g.Members {
		if g.Members[i].Self {
			own = g.Members[i].Routes
		}
	}
	n := 0
	for i := range g.Members {
		if m := &g.Members[i]; own != "" && m.Routes != "" && m.Routes != own {
			n++
		}
	}
	return n
}

// Held are how many leases the member of that id holds.
func (g *Group) Held(id string) int {
	n := 0
	for i := range g.Leases {
		if g.Leases[i].Holder == id && id != "" {
			n++
		}
	}
	return n
}
