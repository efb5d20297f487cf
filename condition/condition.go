// Package condition has what is said of each condition that operators are told of, by the daemon, its log and load
// tests. It imports nothing, so that all of them may import it.
package condition

// Condition is something that operators are told of, as it asks for something to be done.
type Condition uint8

// The conditions, the gravest first.
const (
	Stopping Condition = iota
	Stuck
	Disconnected
	KeyMissing
	KeyRefused
	EndpointDown
	NotConsuming    // A route's source does not consume.
	Starved         // Another client holds all messages of a route's consumer that may be out.
	LeftAlone       // The endpoint asks for a long pause (Retry-After).
	CacheMissing    // Of a route.
	RouteForbidden  // The key may not publish to any of a route's topics, as far as is known.
	TopicsForbidden // The key may not publish to some of a route's topics.
	Rejecting       // The endpoint rejects all that a route publishes.
	Unkept          // Dead letters cannot be stored.
	Unclaimed       // No replica holds the lease of a route.
	Losing
	NoLeases    // Ordered routes of several replicas have no leases.
	OtherRoutes // Replicas of one group have other routes.
	Paused
	Behind
	Throttled
	KeyExpiring
	DeadLetters
	PutAside
	Noise     // A share of the publishes is refused at any rate.
	Settling  // A route gathers what was delivered before it publishes.
	Standby   // Another replica carries a route.
	Unwritten // What is learned of quotas cannot be kept for after a restart.
	Count     // How many there are.
)

// entry is what is said of a condition wherever it is told.
type entry struct {
	state    string // The daemon's, unless something graver is so; empty: it has none of its own.
	sentence string // What is so, to stand within a sentence.
	advice   string // What to do, likewise.
	runbook  string // The anchor in docs/runbook.md of the alert about it; empty where there is no alert.
}

var table = [Count]entry{
	Stopping: {"stopping", "stopping", "wait until it has drained", ""},
	Stuck: {
		"stuck", "the daemon is stuck and must be restarted",
		"restart it, and report the stacks that SIGABRT prints", "momentobridgenotpublishing",
	},
	Disconnected: {
		"disconnected", "not connected to NATS", "check nats.url, the network and the server",
		"momentobridgenatsdisconnected",
	},
	KeyMissing: {
		"key_refused", "there is no API key yet", "check what momento.api_key_url answers", "momentobridgekeyrefused",
	},
	KeyRefused: {
		"key_refused", "the endpoint refuses the API key", "put a valid key into the key file or MOMENTO_API_KEY",
		"momentobridgekeyrefused",
	},
	EndpointDown: {
		"down", "the endpoint is down", "check the endpoint and the network", "momentobridgeendpointdown",
	},
	NotConsuming: {
		"parked", "the route cannot consume", "see what the route says", "momentobridgenotconsuming",
	},
	Starved: {
		"parked", "another client holds all messages of the consumer", "see what the route says",
		"momentobridgenotconsuming",
	},
	LeftAlone: {
		"parked", "the endpoint asks for a long pause", "wait, or reload (SIGHUP) or resume to try at once",
		"momentobridgerouteparked",
	},
	CacheMissing: {
		"parked", "the cache does not exist", "create it or choose another one", "momentobridgerouteparked",
	},
	RouteForbidden: {
		"parked", "the API key may not publish to the topics", "grant the permission or choose other topics",
		"momentobridgeforbidden",
	},
	TopicsForbidden: {
		"degraded", "the API key may not publish to some of the topics",
		"grant the permission or choose other topics", "momentobridgeforbidden",
	},
	Rejecting: {
		"parked", "the endpoint rejects whatever it publishes",
		"check what stands between here and Momento, and what the route publishes", "momentobridgerouteparked",
	},
	Unkept: {
		"parked", "dead letters cannot be stored", "see why in the reason", "momentobridgedeadletters",
	},
	Unclaimed: {
		"parked", "no replica carries this route yet",
		"it is taken when the time of the lease is over; `momento-bridge check --online` says whether it may be taken",
		"momentobridgenobodyholdslease",
	},
	NoLeases: {
		"uncoordinated", "ordered routes have no leases, so that the oldest replica alone carries them",
		"make the bucket of the leases", "",
	},
	OtherRoutes: {
		"uncoordinated", "replicas of the group have other routes, which they do not take over from each other",
		"give all of them the same configuration, or another limits.group", "momentobridgeotherroutes",
	},
	Losing: {"losing", "messages are lost", "see why for each route", "momentobridgerejectedanddropped"},
	Paused: {"paused", "paused by an operator", "resume the route", ""},
	Behind: {
		"behind", "messages come faster than they can be published", "see what limits the route",
		"momentobridgefallingbehind",
	},
	Throttled: {
		"throttled", "slowed down by refusals for quota (429)", "raise the quota, or publish less",
		"momentobridgethrottled",
	},
	KeyExpiring: {
		"key_expiring", "the API key expires", "put a new one into the key file",
		"momentobridgekeyexpiring",
	},
	DeadLetters: {
		"", "messages become dead letters", "the last problems say why", "momentobridgedeadletters",
	},
	PutAside: {
		"degraded", "messages are put aside, as the endpoint refuses them again and again",
		"the last problems name one", "",
	},
	Noise: {
		"", "publishes are refused at any rate: the endpoint refuses at random, and going slower does not help",
		"ask Momento, or whoever runs the endpoint, why; they are published again", "",
	},
	Settling: {
		"", "what was delivered before is gathered, so that it is published first",
		"nothing needs to be done: it takes a moment", "",
	},
	Standby: {
		"", "another replica carries this route", "nothing needs to be done: this one takes over when that one ends",
		"",
	},
	Unwritten: {
		"", "what is learned of quotas cannot be kept for after a restart",
		"let the user that runs the daemon write to state_dir, or name another directory", "",
	},
}

// Attribute is under which a record of the log says which condition it tells of. Whoever keeps problems then knows when
// it is over.
const Attribute = "condition"

// MarshalText implements encoding.TextMarshaler, for logs.
func (c Condition) MarshalText() ([]byte, error) { return []byte(c.Sentence()), nil }

// State is the word for the daemon's state while the condition is the gravest; empty if that has none of its own.
func (c Condition) State() string { return table[c].state }

// Sentence says what is so, to stand within a sentence.
func (c Condition) Sentence() string { return table[c].sentence }

// Advice says what to do, to stand within a sentence.
func (c Condition) Advice() string { return table[c].advice }

// Told says what is so and what to do.
func (c Condition) Told() string { return c.Sentence() + ": " + c.Advice() }

// Runbook is the anchor in docs/runbook.md of the alert about it; empty where there is no alert.
func (c Condition) Runbook() string { return table[c].runbook }
