package admin

import "time"

// Status is what the daemon is doing at one moment: what GET /api/v1/status answers and the status page shows. Rates
// are per second, durations are in seconds; null stands for no limit, for a backlog that is never gone, and for a
// latency while nothing is published.
type Status struct {
	Schema   int       `json:"schema"` // See Schema.
	Version  string    `json:"version"`
	Now      time.Time `json:"now"`
	Started  time.Time `json:"started"`
	State    State     `json:"state"`
	Verdict  Verdict   `json:"verdict"` // What the state means for messages.
	Summary  string    `json:"summary"` // The state in one sentence, with what to do where something is wrong.
	Ready    bool      `json:"ready"`
	NotReady []string  `json:"not_ready"`
	// The server, or the configured ones while there is no connection; without credentials.
	NATS     string    `json:"nats"`
	Endpoint string    `json:"endpoint"` // The URL.
	Key      Key       `json:"key"`
	Rates    Rates     `json:"rates"` // Of all routes.
	Queue    Queue     `json:"queue"`
	Latency  Latency   `json:"latency"`
	Quotas   []Quota   `json:"quotas"` // The region's is the first.
	Group    Group     `json:"group"`  // Of replicas, as this one knows it.
	Routes   []Route   `json:"routes"`
	Canary   *Canary   `json:"canary,omitempty"` // Absent: none is sent.
	Problems []Problem `json:"problems"`         // The latest first, bounded.
}

// State is the daemon's state in one word.
type State string

// The states, the gravest first: the daemon is in the first that applies.
const (
	Stopping     State = "stopping"
	Stuck        State = "stuck"        // Through its own fault: only a restart helps.
	Disconnected State = "disconnected" // From NATS.
	KeyRefused   State = "key_refused"  // Or there is none yet.
	Down         State = "down"         // The endpoint.
	Parked       State = "parked"       // At least one route is, or it cannot consume.
	Losing       State = "losing"       // Messages, which no policy asked for.
	Degraded     State = "degraded"     // Something of a route does not flow while the rest of it does.
	// Replicas carry ordered routes without leases, or have other routes than the others.
	Uncoordinated State = "uncoordinated"
	Paused        State = "paused"       // At least one route is, by an operator.
	Behind        State = "behind"       // A backlog does not become less.
	Throttled     State = "throttled"    // A quota holds back what waits, or the endpoint refuses.
	KeyExpiring   State = "key_expiring" // Or it has expired, and nothing has been refused yet.
	CatchingUp    State = "catching_up"  // A backlog becomes less.
	Standby       State = "standby"      // Other replicas carry every route: all is well.
	Publishing    State = "publishing"   // All is well.
	Idle          State = "idle"         // All is well and nothing comes.
)

// States lists every state, the gravest first.
var States = [...]State{
	Stopping, Stuck, Disconnected, KeyRefused, Down, Parked, Losing, Degraded, Uncoordinated, Paused, Behind, Throttled,
	KeyExpiring, CatchingUp, Standby, Publishing, Idle,
}

// Key is the API key in use, without the key.
type Key struct {
	Kind    string     `json:"kind"`
	Expires *time.Time `json:"expires"` // null: it does not say.
	Vended  bool       `json:"vended"`  // It is replaced before it expires.
}

// Rates are messages in and out, and publishes refused for quota.
type Rates struct {
	In      float64 `json:"in"`
	Out     float64 `json:"out"`
	Refused float64 `json:"refused"`
}

// Queue is what is held in memory, and what waits in all.
type Queue struct {
	Messages    int   `json:"messages"` // Held and not in flight.
	InFlight    int   `json:"in_flight"`
	Bytes       int64 `json:"bytes"`
	MaxMessages int   `json:"max_messages"`
	MaxBytes    int64 `json:"max_bytes"`
	Waiting     int64 `json:"waiting"` // What NATS still has included.
}

// Latency is the time of a publish attempt, over the last ten seconds.
type Latency struct {
	P50 *float64 `json:"p50"`
	P99 *float64 `json:"p99"`
}

// Quota is one quota and the rate in force for it.
type Quota struct {
	Scope   string   `json:"scope"`
	Rate    *float64 `json:"rate"`
	Learned float64  `json:"learned"` // 0: none was met.
	// How long ago it was learned; null: it was not, or by somebody else, or before the start.
	LearnedSeconds *float64 `json:"learned_seconds"`
	// The share of publishes that is refused at any rate, from 0 to 1; 0: none is known.
	Floor    float64 `json:"refused_at_any_rate"`
	State    string  `json:"state"`
	Reason   string  `json:"reason"`
	Refusing bool    `json:"refusing"`
}

// Route is one route.
type Route struct {
	Name  string `json:"name"`
	From  string `json:"from"` // What it consumes,
	To    string `json:"to"`   // and where it publishes, as configured.
	State string `json:"state"`
	// Why it is not running, or cannot consume; empty while all is well.
	Reason        string            `json:"reason"`
	PausedSince   *time.Time        `json:"paused_since"` // By an operator; null: it is not paused, or that is not known.
	PauseKept     bool              `json:"pause_kept"`   // It stays paused when the daemon is restarted.
	CarriedBy     string            `json:"carried_by"`   // The replicas that carry it while this one stands by.
	LimitedBy     string            `json:"limited_by"`   // What holds back what waits.
	Rates         Rates             `json:"rates"`
	Received      uint64            `json:"received"`
	Settled       map[string]uint64 `json:"settled"`  // By outcome.
	Attempts      map[string]uint64 `json:"attempts"` // By result.
	Skipped       uint64            `json:"skipped"`  // On purpose, among those dropped.
	Redelivered   uint64            `json:"redelivered"`
	Ambiguous     uint64            `json:"ambiguous"`
	SourceDropped uint64            `json:"source_dropped"`
	LostTotal     uint64            `json:"lost_total"`  // Since the start, which no policy asked for,
	Lost          uint64            `json:"lost_lately"` // and of those in the last seconds,
	LostWhy       string            `json:"lost_why"`    // and why.
	DeadLettered  uint64            `json:"dead_lettered_lately"`
	// What of it does not flow while the rest does, and what to do; empty: nothing is known not to.
	Degraded string `json:"degraded"`
	// Topics that the key may not publish to: how many, the names of at most five, and how many messages wait for them.
	Forbidden       int      `json:"forbidden"`
	ForbiddenTopics []string `json:"forbidden_topics"`
	HeldByForbidden int      `json:"held_by_forbidden"`
	// Messages that the endpoint refuses while it accepts others, and what waits behind them,
	PutAside   int   `json:"put_aside"`
	PutAsideIn int   `json:"put_aside_in"` // and how many messages, or topics, that is about.
	Queued     int   `json:"queued"`
	InFlight   int   `json:"in_flight"`
	Waiting    int64 `json:"waiting"` // What NATS still has included,
	// and of those what it has given out before, to whomever, and this daemon does not hold.
	Unacknowledged int64 `json:"unacknowledged"`
	// The age of the oldest that waits, as far as is known; null: it is not, or nothing waits.
	OldestSeconds *float64 `json:"oldest_seconds"`
	Arrivals      float64  `json:"arrivals_per_second"`
	Capacity      *float64 `json:"capacity_per_second"`
	DrainSeconds  *float64 `json:"drain_seconds"` // null with the kinds never and unknown.
	ForecastKind  string   `json:"forecast_kind"`
	Forecast      string   `json:"forecast"`
}

// Problem is something that went wrong, as often as it did.
type Problem struct {
	Level  string    `json:"level"` // warn or error.
	Text   string    `json:"text"`
	Route  string    `json:"route"` // Empty: it concerns all.
	Detail string    `json:"detail"`
	Count  uint64    `json:"count"`
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
	// Since when it is over; null: it is not, as far as is known.
	Over *time.Time `json:"over"`
}

// Sample is one second of the history that the status page draws.
type Sample struct {
	At      int64    `json:"at"` // Unix time in milliseconds.
	In      float64  `json:"in"`
	Out     float64  `json:"out"`
	Refused float64  `json:"refused"`
	Waiting int64    `json:"waiting"`
	Queued  int      `json:"queued"` // Held in memory, in flight included.
	Rate    *float64 `json:"rate"`   // The region's, in force.
	Learned float64  `json:"learned"`
	P50     *float64 `json:"p50"`
	P99     *float64 `json:"p99"`
}
