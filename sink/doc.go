// Package sink publishes to Momento Topics over HTTP.
//
// [Momento] holds what all connections share: the endpoint, the key, the dialer. Each worker has one keep-alive
// connection of its own, so that it never waits for a connection and nothing is shared on the hot path. The worker
// sits in a read of it between publishes, too, so that a close, or bytes that nobody asked for, end it when they
// come:
//
//	worker ──── connection ──┬─ wire: requests ────┬─ conn: writes late, so that one read does
//	Publisher ──────┘        └─ answers: replies ──┘
//
// A connection builds requests, sends each once, one at a time or several, and classifies answers into verdicts. It
// never repeats one. fasthttp reads every answer that is not the usual one. A [Publisher] is a connection for one
// caller who waits, such as the load test.
//
// The dialer races the addresses of a name, and goes through an HTTP proxy where there is one: for TLS by a tunnel, for
// plain HTTP the proxy takes the requests.
//
// A poller subscribes, by long polls: the load test's, which looks at what has been published as a subscriber does.
//
// What is known of the API comes from Momento's public documentation and clients; answers that are not documented are
// classified by the cautious reading. A verdict needs evidence: what cannot be Momento's answer says nothing of a
// message.
package sink
