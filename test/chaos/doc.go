// Package chaos holds the tests that show, by counting messages, that nothing is lost: the daemon, nats-server and the endpoint are real,
// and are killed, stopped, cut off and lied to. See docs/guarantees.md.
//
// `go test ./chaos` runs a short form of each, `make chaos` the long one, with the same assertions. Random moments come from a seed, which
// is printed when a test fails and can be given again in CHAOS_SEED. CHAOS_PIPELINE=8 gives every daemon eight publishes in flight on each connection.
package chaos
