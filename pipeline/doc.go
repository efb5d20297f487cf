// Package pipeline is the machine between NATS and Momento: it holds messages, decides which one goes next, paces,
// retries, and accounts for every message. It owns the nouns ([Message], [Sink], [Verdict], [Outcome]); sources and
// sinks import it.
//
//	Submit ──▶ route ──▶ lane (FIFO, one per topic) ──▶ dispatcher ──▶ worker ──▶ Connection
//	             ▲ reserves first, or blocks while          ▲  gates,      │
//	             │ the route's share is full                │  quotas,     ▼
//	             │                                          │  batches
//	           Settle ◀──────────── finish ◀────────────────┴────────── Answer
//
// # Delivery contract
//
// A submitted message ends exactly once, by one call of its route's Settler. At every moment, for each route,
//
//	received = settled + queued + in flight
//
// With ordering, a lane has at most one publish in flight, of one message or a batch, and one that must wait holds
// its lane, not its neighbours. A message is settled as published only after the endpoint's 2xx.
//
// # State and goroutines
//
// The dispatcher is a plain state machine: methods take the time and return a decision, nothing in it blocks. One mutex
// guards it, and workers call it themselves. No goroutine stands between the source and the worker, so a busy pipeline
// passes a message on without waking anybody.
//
//	goroutine            started by   stops when                                   joined by
//	worker (Workers)     Run          every route is closed and nothing is left,   Run
//	                                  or the hard stop has emptied the queue
//	keeper (16)          Run          as a worker; it stores dead letters         Run
//	timer callback (1)   dispatcher   Run stops the timer                          takes no part in shutdown
//	Submit               the source   returns at once, or as soon as there is room the source
//
// A worker sits in the Receive of its connection, whether or not an answer is awaited, and whoever took it off the
// idle stack under the mutex ends that by Interrupt, or sends for it by TrySend. The stack is last in, first out: at
// low rates few workers, and so few connections, are in use. While a quota is in force more of them take turns. One
// is woken at a time, and wakes the next if there is more.
//
// A worker has one publish in flight, or up to [Config].InFlight: then it takes several at a time.
//
// # Quotas
//
// Each attempt pays in every quota that it counts towards: the route's ceiling, the cache's, the region's, see
// [Limits]. A quota is a token bucket, whose rate a learner sets from what the endpoint refuses. Routes share the
// region's by weight.
//
// # Release valve
//
// A source that can be slowed down reserves room before it asks for messages, see [Route.Reserve]: JetStream is asked
// for no more than fits, and for nothing while publishing is halted. Core NATS cannot be slowed down: Submit blocks
// while the route's share of the queue is full, the client drops when its own buffer is full, and the source counts
// that. [Overload] and a greatest age let the queue drop instead.
package pipeline
