package admin

import "time"

// Answer is what one replica tells of itself when all of a group are asked: a status without what is long.
type Answer struct {
	ID       string        `json:"id"`
	Host     string        `json:"host"`
	Version  string        `json:"version"`
	Now      time.Time     `json:"now"`
	Started  time.Time     `json:"started"`
	State    State         `json:"state"`
	Verdict  Verdict       `json:"verdict"`
	Summary  string        `json:"summary"`
	Ready    bool          `json:"ready"`
	NotReady []string      `json:"not_ready"`
	Rates    Rates         `json:"rates"`
	Queue    Queue         `json:"queue"`
	Routes   []RouteAnswer `json:"routes"`
	Group    Group         `json:"group"` // Of its leases only those that it holds, or that nobody does.
}

// RouteAnswer is one route of an Answer.
type RouteAnswer struct {
	Name      string  `json:"name"`
	State     string  `json:"state"`
	CarriedBy string  `json:"carried_by"`
	Out       float64 `json:"out"`
	Waiting   int64   `json:"waiting"`
}

// Answer returns what a replica on a host tells of itself.
func (s *Status) Answer(host string) Answer {
	a := Answer{
		ID: s.Group.Self, Host: host, Version: s.Version, Now: s.Now, Started: s.Started, State: s.State,
		Verdict: s.Verdict, Summary: s.Summary, Ready: s.Ready, NotReady: s.NotReady, Rates: s.Rates, Queue: s.Queue,
		Group:  s.Group,
		Routes: []RouteAnswer{},
	}
	if a.ID == "" {
		a.ID = host
	}
	a.Group.Leases = []Lease{}
	for _, l := range s.Group.Leases {
		if l.Mine || l.Holder == "" {
			a.Group.Leases = append(a.Group.Leases, l)
		}
	}
	for i := range s.Routes {
		r := &s.Routes[i]
		a.Routes = append(a.Routes, RouteAnswer{
			Name: r.Name, State: r.State, CarriedBy: r.CarriedBy, Out: r.Rates.Out, Waiting: r.Waiting,
		})
	}
	return a
}
