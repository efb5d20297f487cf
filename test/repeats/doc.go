// Package repeats is the proof that subscribers of packed batches get each message once: nats-server and the daemon as
// processes, an endpoint that resets connections, loses answers and loses items on their way to subscribers, kills of
// the daemon, and for each topic a reader. The benchmark bench/repeats and a test in test/chaos run it.
package repeats
