package status

import (
	"time"

	"momento-bridge/admin"
	"momento-bridge/pipeline"
)

// Facts are what is known of a daemon at one moment.
type Facts struct {
	Version  string
	Now      time.Time
	Started  time.Time
	Stopping bool
	Stuck    string // Why it does not go on through its own fault; empty if it does.

	NATS     NATS
	Endpoint string // The URL.
	Key      Key
	Pipeline pipeline.Stats
	Routes   []Route // In the pipeline's order.
	Group    Group

	MaxMessages int   // Of the queue,
	MaxBytes    int64 // likewise.
	Latency     admin.Latency
	Problems    []admin.Problem // The latest first.
	Canary      *admin.Canary   // nil: none is sent.

	carriages map[string]carriage // Who carries each route, of Group, once it was asked for.
}

// NATS is the connection.
type NATS struct {
	Connected bool
	URL       string // The server, or the configured ones while there is no connection; without credentials.
	Why       string // Why there is no connection, and what to do.
}

// Key is the API key in use.
type Key struct {
	admin.Key

	Holder  string // What holds it, to stand within a sentence; empty: it is vended, or that is not known.
	Missing string // Why there is none, and what to do; empty while there is one.
	Trouble string // Why no newer one could be had; empty if nothing is known against it.
}

// Route is what the pipeline does not know of a route.
type Route struct {
	From     string // What it consumes,
	To       string // and where it publishes, as configured.
	NotReady string // Why it cannot consume, and what to do; empty while it can.
	Starved  string // Who holds all messages of its consumer that may be out; empty if nobody does.
	Missed   uint64 // Messages of core NATS that there was no memory for.

	Rates   admin.Rates
	Known   bool    // NATS has told what waits there.
	Silence float64 // For how many seconds it has not, where it should have.
	Dry     bool    // NATS gives nothing, whatever waits there.

	Waiting     int64 // What NATS still has included: what it has delivered to nobody,
	Undelivered int64 // which is so much,
	Strayed     int64 // what it has delivered before, to somebody who is gone,
	Beside      int64 // what others hold that live,
	Still       int64 // and what the endpoint refuses while it accepts others.
	AckWait     time.Duration
	Oldest      float64 // Seconds that the oldest has waited; NaN: that is not known, or nothing waits.

	Arrivals float64 // Messages per second.
	Capacity float64 // Messages per second; +Inf: that is not known.
	Kind     string  // Of forecast: keeping_up, drains, never, unknown.
	Drain    float64 // Seconds until nothing waits: 0 while it keeps up, +Inf for never, NaN where it is not known.
	Forecast string  // In words.

	Paused    time.Time // Since when an operator has paused it; zero: none has, or that is not known.
	PauseLost string    // Why a restart resumes it; empty: it does not.

	Lost         uint64 // In the last seconds, which no policy asked for,
	LostWhy      string // and why.
	DeadLettered uint64 // In the last seconds.
}

// LatelySeconds is how many seconds back Lost and DeadLettered of a Route count.
const LatelySeconds = 15

// KeyNotice is how long before a key expires it is said: time to make a new one.
const KeyNotice = 24 * time.Hour
