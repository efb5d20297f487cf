// Package admintest has answers of daemons, for the tests of what shows them.
package admintest

import (
	"time"

	"momento-bridge/admin"
)

// Now is the daemon's clock in the examples.
var Now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// Running is a daemon that publishes all that comes.
func Running() *admin.Status {
	return &admin.Status{
		Version: "1.2.3", Now: Now, Started: Now.Add(-3*time.Hour - 12*time.Minute),
		State: admin.Publishing, Summary: "Publishing 120 messages a second; nothing waits.", Ready: true,
		NotReady: []string{},
		NATS:     "nats://127.0.0.1:4222", Endpoint: "https://api.cache.cell-us-east-1-1.prod.a.momentohq.com",
		Key:     admin.Key{Kind: "v1", Expires: new(Now.Add(29*24*time.Hour + 3*time.Hour))},
		Rates:   admin.Rates{In: 120.4, Out: 120.1},
		Queue:   admin.Queue{Messages: 3, InFlight: 2, Bytes: 1300, MaxMessages: 16384, MaxBytes: 64 << 20, Waiting: 5},
		Latency: admin.Latency{P50: new(0.0123), P99: new(0.0404)},
		Quotas: []admin.Quota{
			{Scope: "region", Rate: new(500.0), State: "ceiling", Reason: "the configured rate of 500/s"},
			{Scope: "throughput", State: "unlimited", Reason: "no refusal was about bytes"},
		},
		Routes: []admin.Route{{
			Name: "orders", From: "stream ORDERS orders.>", To: "my-cache/orders-{{wildcard(1)}}", State: "running",
			LimitedBy: "nothing",
			Rates:     admin.Rates{In: 100.2, Out: 100}, Settled: map[string]uint64{"published": 1234567}, Queued: 3,
			InFlight: 2, Waiting: 5,
			DrainSeconds: new(0.0), Forecast: "keeping up",
		}, {
			Name: "ticks", From: "core NATS ticks.*", To: "my-cache/{{subject}}", State: "running",
			LimitedBy: "nothing",
			Rates:     admin.Rates{In: 20.2, Out: 20.1}, Settled: map[string]uint64{"published": 98765},
			DrainSeconds: new(0.0), Forecast: "keeping up",
		}},
	}
}

// Troubled has something of everything, each text longer than a line.
func Troubled() *admin.Status {
	s := Running()
	s.State, s.Ready = admin.KeyRefused, false
	s.Summary = "The endpoint refuses the API key (401), so nothing is published: put a valid key into the key file; " +
		"the daemon reads it by itself."
	s.NotReady = []string{"endpoint: the API key is refused: 401 invalid_key", "route ticks: not subscribed yet"}
	s.Key = admin.Key{Kind: "v2", Expires: new(Now.Add(-time.Hour)), Vended: true}
	s.Rates, s.Latency = admin.Rates{In: 0.25}, admin.Latency{}
	s.Queue.Messages, s.Queue.InFlight, s.Queue.Bytes, s.Queue.Waiting = 16384, 0, 3<<20, 1234567
	s.Quotas[0] = admin.Quota{
		Scope: "region", Rate: new(9.87), Learned: 10.2, State: "waiting",
		Reason: "refused for quota (429): nothing starts for another 250ms", Refusing: true,
	}
	s.Quotas = append(s.Quotas, admin.Quota{
		Scope: "cache:my-cache", Rate: new(5.0), State: "ceiling",
		Reason: "the configured rate of 5/s",
	})
	s.Routes[0].State, s.Routes[0].LimitedBy, s.Routes[0].Waiting = "parked", "key", 1234560
	s.Routes[0].Reason = "the API key is refused: 401 invalid_key"
	s.Routes[0].DrainSeconds, s.Routes[0].Forecast = nil, "never: arrivals 0.25/s, publishing 0/s"
	s.Routes[0].Settled = map[string]uint64{
		"published": 123456789, "dead_lettered": 7, "rejected": 1, "dropped": 1,
		"replaced": 40, "shed": 5, "expired": 3,
	}
	s.Routes[0].LostTotal = 2
	s.Routes[1].State, s.Routes[1].SourceDropped = "paused", 11
	s.Routes[1].LostTotal = 11
	s.Problems = []admin.Problem{
		{
			Level: "error",
			Text: "the endpoint refuses the API key (401): publishing is parked until it is accepted; " +
				"put a valid key into the key file",
			Detail: "401 invalid_key", Count: 4711,
			First: Now.Add(-2 * time.Hour), Last: Now.Add(-2 * time.Second),
		},
		{
			Level: "warn", Text: "messages come faster than they can be published", Route: "orders",
			Detail: "bad \x1b[31m\u202e text", Count: 1, First: Now.Add(-50 * time.Hour),
			Last: Now.Add(-50 * time.Hour),
		},
	}
	s.Problems[1].Over = new(Now.Add(-49 * time.Hour))
	for range 5 {
		s.Problems = append(s.Problems, admin.Problem{
			Level: "warn", Text: "another", Count: 2, First: Now,
			Last: Now,
		})
	}
	return s
}

// Standby is a daemon whose ordered route another replica carries.
func Standby() *admin.Status {
	s := Running()
	s.State = admin.Publishing
	s.Summary = "Publishing 20 messages/s; nothing waits for longer than a moment. Other replicas carry 1 of 2 routes."
	s.Routes[0].State, s.Routes[0].CarriedBy = "standby", "bridge-7d9f-abcde"
	s.Routes[0].Reason = "another replica (bridge-7d9f-abcde) carries this route"
	s.Routes[0].Forecast, s.Routes[0].Rates = "not known here", admin.Rates{}
	s.Group = admin.Group{
		Name: "momento-bridge", Self: "b", Members: []admin.Member{
			{ID: "a", Host: "bridge-7d9f-abcde", Version: "1.2.3", Started: Now.Add(-time.Hour), Keeper: true},
			{ID: "b", Host: "bridge-7d9f-fghij", Version: "1.2.3", Started: Now.Add(-time.Minute), Self: true},
		},
		Rates: []admin.GroupRate{{Scope: "region", Rate: new(500.0), Share: new(120.0)}, {Scope: "throughput"}},
	}
	for i := range 8 {
		s.Group.Leases = append(s.Group.Leases,
			admin.Lease{Route: "orders", Partition: i + 1, Holder: "a", State: "standby"})
	}
	s.Group.Leases = append(s.Group.Leases, admin.Lease{Route: "audit", Holder: "b", Mine: true, State: "settling"},
		admin.Lease{Route: "free", State: "standby"})
	return s
}

// Group is three members of which one is silent, and one route that nobody carries.
func Group() *admin.GroupAnswers {
	members := []admin.Member{
		{ID: "a", Host: "bridge-7d9f-abcde", Started: Now.Add(-3 * time.Hour), Keeper: true},
		{
			ID: "b", Host: "bridge-7d9f-fghij", Started: Now.Add(-time.Hour),
			Heard: Now.Add(-2 * time.Second),
		},
		{ID: "c", Host: "bridge-7d9f-klmno", Started: Now.Add(-time.Minute)},
	}
	rates := func(share float64) []admin.GroupRate {
		return []admin.GroupRate{{Scope: "region", Rate: new(500.0), Share: new(share)}, {Scope: "throughput"}}
	}
	free := admin.Lease{Route: "free", State: "standby"}
	return &admin.GroupAnswers{
		Answers: []admin.Answer{{
			ID: "a", Host: "bridge-7d9f-abcde", Version: "1.2.3", Now: Now, Started: members[0].Started,
			State: admin.Publishing, Summary: "Publishing 300 messages/s.", Rates: admin.Rates{Out: 300},
			Queue: admin.Queue{Waiting: 1200}, Routes: []admin.RouteAnswer{{Name: "orders", Waiting: 1200}},
			Group: admin.Group{
				Name: "momento-bridge", Self: "a", Members: members, Rates: rates(380), Leases: []admin.Lease{
					{Route: "orders", Partition: 1, Mine: true, State: "publishing"},
					{Route: "orders", Partition: 2, Mine: true, State: "settling"},
					free,
				},
			},
		}, {
			ID: "c", Host: "bridge-7d9f-klmno", Version: "1.2.4", Now: Now, Started: members[2].Started,
			State: admin.Parked, Summary: "1 of 2 routes is standing still: audit: the cache does not exist.",
			Queue:  admin.Queue{Waiting: 1300},
			Routes: []admin.RouteAnswer{{Name: "orders", Waiting: 1100}, {Name: "audit", Waiting: 100}},
			Group: admin.Group{
				Name: "momento-bridge", Self: "c", Members: members, Rates: rates(20), Leases: []admin.Lease{
					{Route: "audit", Mine: true, State: "publishing"},
					free,
				},
			},
		}},
		Silent: members[1:2],
	}
}
