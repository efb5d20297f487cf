// Package chaos holds the tests that show, by counting messages, that nothing is lost: the daemon, nats-server and the
// endpoint are real, and are killed, stopped, cut off and lied to. See docs/guarantees.md.
//
// `go test ./test/chaos` runs a short form, with each kind of fault but those that take half a minute to be noticed;
// LONG_TESTS=1 adds these, other forms of the same faults, and more messages. `make chaos` sets CHAOS=long: far more of
// everything, at night, when nothing else is to run, so that how long things take is judged, too. Random moments come
// from a seed, which is printed when a test fails and can be given again in CHAOS_SEED. CHAOS_PIPELINE=8 gives every
// daemon eight publishes in flight on each connection.
package chaos
