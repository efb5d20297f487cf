// Package source takes messages from NATS: from core subjects by queue subscription, from JetStream by durable pull
// consumers. It submits them to the pipeline and tells NATS how each one ended.
//
// A [Core] or [JetStream] source has one Run, which blocks until its context is done and everything it has taken over has been
// submitted. Callbacks are started by nats.go, one goroutine for each source, and joined by Run. A callback blocks while the
// pipeline is full: JetStream then stops pulling, and the core client drops what its own buffer cannot hold, counted exactly.
//
// The settings of a consumer are not chosen but derived, so that a message is not redelivered merely because it waited its turn:
// see [Derive].
package source
