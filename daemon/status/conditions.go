package status

import "momento-bridge/admin"

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
	Losing
	Paused
	Behind
	Throttled
	KeyExpiring
	DeadLetters
	PutAside
	conditions // How many there are.
)

// entry is what is said of a condition wherever it is told.
type entry struct {
	state    admin.State // The daemon's, unless something graver is so; empty: it has none of its own.
	sentence string      // What is so, to stand within a sentence.
	advice   string      // What to do, likewise.
	runbook  string      // The anchor in docs/runbook.md of the alert about it; empty where there is no alert.
}

var table = [conditions]entry{
	Stopping: {admin.Stopping, "stopping", "wait until it has drained", ""},
	Stuck: {
		admin.Stuck, "the daemon is stuck and must be restarted",
		"restart it, and report the stacks that SIGABRT prints", "momentobridgenotpublishing",
	},
	Disconnected: {
		admin.Disconnected, "not connected to NATS", "check nats.url, the network and the server",
		"momentobridgenatsdisconnected",
	},
	KeyMissing: {
		admin.KeyRefused, "there is no API key yet", "check what momento.api_key_url answers", "momentobridgekeyrefused",
	},
	KeyRefused: {
		admin.KeyRefused, "the endpoint refuses the API key", "put a valid key into the key file",
		"momentobridgekeyrefused",
	},
	EndpointDown: {
		admin.Down, "the endpoint is down", "check the endpoint and the network", "momentobridgeendpointdown",
	},
	NotConsuming: {
		admin.Parked, "the route cannot consume", "see what the route says", "momentobridgenotconsuming",
	},
	Starved: {
		admin.Parked, "another client holds all messages of the consumer", "see what the route says",
		"momentobridgenotconsuming",
	},
	LeftAlone: {
		admin.Parked, "the endpoint asks for a long pause", "wait, or reload (SIGHUP) or resume to try at once",
		"momentobridgerouteparked",
	},
	CacheMissing: {
		admin.Parked, "the cache does not exist", "create it or correct the route", "momentobridgerouteparked",
	},
	RouteForbidden: {
		admin.Parked, "the API key may not publish to its topics", "grant the permission or correct the route",
		"momentobridgeforbidden",
	},
	TopicsForbidden: {
		admin.Parked, "the API key may not publish to some of its topics",
		"grant the permission or correct the route", "momentobridgeforbidden",
	},
	Rejecting: {
		admin.Parked, "the endpoint rejects whatever it publishes",
		"check what stands between here and Momento, and what the route publishes", "momentobridgerouteparked",
	},
	Unkept: {
		admin.Parked, "dead letters cannot be stored", "see why in the reason", "momentobridgedeadletters",
	},
	Losing: {admin.Losing, "messages are lost", "see why for each route", "momentobridgerejectedanddropped"},
	Paused: {admin.Paused, "paused by an operator", "resume the route", ""},
	Behind: {
		admin.Behind, "messages come faster than they can be published", "see what limits the route",
		"momentobridgefallingbehind",
	},
	Throttled: {
		admin.Throttled, "slowed down by refusals for quota (429)", "raise the quota, or publish less",
		"momentobridgethrottled",
	},
	KeyExpiring: {
		admin.KeyExpiring, "the API key expires", "put a new one into the key file",
		"momentobridgekeyexpiring",
	},
	DeadLetters: {
		"", "messages become dead letters", "the last problems say why", "momentobridgedeadletters",
	},
	PutAside: {
		"", "messages are put aside, as the endpoint refuses them again and again",
		"the last problems name one", "",
	},
}

// State is the daemon's while the condition is the gravest.
func (c Condition) State() admin.State { return table[c].state }

// Severity says how the condition is to be taken.
func (c Condition) Severity() admin.Severity { return table[c].state.Severity() }

// Sentence says what is so, to stand within a sentence.
func (c Condition) Sentence() string { return table[c].sentence }

// Advice says what to do, to stand within a sentence.
func (c Condition) Advice() string { return table[c].advice }

// Runbook is the anchor in docs/runbook.md of the alert about it; empty where there is no alert.
func (c Condition) Runbook() string { return table[c].runbook }
