// Package sink publishes to Momento Topics over HTTP.
//
// [Momento] holds what all connections share: the endpoint, the key, the dialer. Each worker has one keep-alive connection of its own, so that it never
// waits for a connection and nothing is shared on the hot path. With one publish in flight on it that is a publisher, with several a line:
//
//	publisher ─┐                                          ┌─ conn: writes late, so that one read does
//	           ├─ wire: requests, answers ── connection ──┤
//	line ──────┘                                          └─ a reader of its own
//
// Both build requests, send each once, and classify answers into verdicts. They never retry, but for one transparent repetition of a publisher where a
// reused connection turns out to have been closed. fasthttp reads every answer that is not the usual one.
//
// The dialer races the addresses of a name, and goes through an HTTP proxy where there is one: for TLS by a tunnel, for
// plain HTTP the proxy takes the requests.
//
// A poller subscribes, by long polls: the load test's, which looks at what has been published as a subscriber does.
//
// What is known of the API comes from Momento's public documentation and clients; answers that are not documented are
// classified by the cautious reading. A verdict needs evidence: what cannot be Momento's answer says nothing of a message.
package sink
