// Package sink publishes to Momento Topics over HTTP.
//
// [Momento] holds what all connections share: the endpoint, the key, the dialer. Each worker has a publisher with one
// keep-alive connection of its own, so that a worker never waits for a connection and nothing is shared on the hot path.
// A publisher builds the request, sends it once, and classifies the answer into a verdict; it never retries, but for one
// transparent repetition where a reused connection turns out to have been closed.
//
// What is known of the API comes from Momento's public documentation and clients; answers that are not documented are
// classified by the cautious reading.
package sink
