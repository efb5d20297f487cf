// Package source takes messages from NATS: from core subjects by queue subscription, from JetStream by durable pull
// consumers. It submits them to the pipeline and tells NATS how each one ended.
//
// A [Core] or [JetStream] source has one Run, which blocks until its context is done and everything it has taken over
// has been submitted. Callbacks are started by nats.go, one goroutine for each source, and joined by Run. The callback
// of a core subscription never waits: what the pipeline has no room for is dropped, and counted exactly. From a stream
// no more is asked for than the pipeline has room for:
//
//	pull ──▶ server ──▶ inbox ──▶ submit ──▶ pipeline ──▶ Settle ──▶ ack, hand back, terminate
//	  ▲ room to reserve              │ delivery                │
//	  └──────────────────────────────┴──── wheel ◀─────────────┘
//	                                         └──▶ in progress, at half of AckWait
//
// A consumer of an ordered route that replicas share is used while this one holds its lease ([Lease], [Hold]): see
// tenure.go. Until then the route stands by, and is ready.
//
// The settings of a consumer are not chosen but derived, so that a message need not be renewed merely because it waited
// its turn: see [Derive].
package source
