package main

import (
	"encoding/json"
	"time"
)

// status is what GET /api/v1/status answers, as its documentation says: only what is compared.
type status struct {
	Schema   int       `json:"schema"`
	Now      time.Time `json:"now"`
	Started  time.Time `json:"started"`
	State    string    `json:"state"`
	Verdict  string    `json:"verdict"`
	Summary  string    `json:"summary"`
	Ready    bool      `json:"ready"`
	NotReady []string  `json:"not_ready"`
	Rates    rates     `json:"rates"`
	Queue    struct {
		Messages int   `json:"messages"`
		InFlight int   `json:"in_flight"`
		Bytes    int   `json:"bytes"`
		Waiting  int64 `json:"waiting"`
	} `json:"queue"`
	Quotas   []quota   `json:"quotas"`
	Routes   []route   `json:"routes"`
	Problems []problem `json:"problems"`
}

type rates struct {
	In      float64 `json:"in"`
	Out     float64 `json:"out"`
	Refused float64 `json:"refused"`
}

type quota struct {
	Scope    string   `json:"scope"`
	Rate     *float64 `json:"rate"`
	Learned  float64  `json:"learned"`
	Age      *float64 `json:"learned_seconds"`
	State    string   `json:"state"`
	Refusing bool     `json:"refusing"`
}

type route struct {
	Name           string         `json:"name"`
	State          string         `json:"state"`
	Reason         string         `json:"reason"`
	LimitedBy      string         `json:"limited_by"`
	Rates          rates          `json:"rates"`
	Received       int            `json:"received"`
	Settled        map[string]int `json:"settled"`
	Attempts       map[string]int `json:"attempts"`
	Skipped        int            `json:"skipped"`
	Redelivered    int            `json:"redelivered"`
	Ambiguous      int            `json:"ambiguous"`
	SourceDropped  int            `json:"source_dropped"`
	Lost           int            `json:"lost_lately"`
	DeadLettered   int            `json:"dead_lettered_lately"`
	LostTotal      int            `json:"lost_total"`
	PutAside       int            `json:"put_aside"`
	Queued         int            `json:"queued"`
	InFlight       int            `json:"in_flight"`
	Waiting        int64          `json:"waiting"`
	Unacknowledged *int64         `json:"unacknowledged"`
	Oldest         *float64       `json:"oldest_seconds"`
	Arrivals       float64        `json:"arrivals_per_second"`
	Capacity       *float64       `json:"capacity_per_second"`
	Drain          *float64       `json:"drain_seconds"`
	Forecast       string         `json:"forecast"`
	ForecastKind   string         `json:"forecast_kind"`
	Forbidden      int            `json:"forbidden"`
	ForbiddenNames []string       `json:"forbidden_topics"`
	HeldForbidden  int            `json:"held_by_forbidden"`
}

type problem struct {
	Level  string          `json:"level"`
	Text   string          `json:"text"`
	Route  string          `json:"route"`
	Detail string          `json:"detail"`
	Count  int             `json:"count"`
	First  time.Time       `json:"first"`
	Last   time.Time       `json:"last"`
	Over   json.RawMessage `json:"over"` // Absent in those that know no end of a problem.
}

// ended is the sum of all outcomes.
func (r *route) ended() (n int) {
	for _, one := range r.Settled {
		n += one
	}
	return n
}

func (s *status) route(name string) *route {
	for i := range s.Routes {
		if s.Routes[i].Name == name {
			return &s.Routes[i]
		}
	}
	return nil
}

// kept are the messages that wait as they are refused while others are not, which is said of the route.
func (r *route) kept() int { return r.PutAside + r.Forbidden }

// kind is the forecast's, also where the status does not say it in a word.
func (r *route) kind() string {
	switch {
	case r.ForecastKind != "":
		return r.ForecastKind
	case r.Drain == nil && begins(r.Forecast, []string{"never"}):
		return "never"
	case r.Drain == nil || begins(r.Forecast, []string{"not known"}):
		return "unknown"
	case *r.Drain == 0:
		return "keeping_up"
	}
	return "drains"
}
