// Package natsmodel is a model of a NATS server with JetStream for simulations on virtual time: it is given bytes
// and times, and says what it answers and when it has something to do next. It has no goroutine, no clock and no
// global randomness, and no order of a map shows: the same calls give the same bytes. Package live lets real
// clients talk to it.
//
// # What is modelled
//
// The rules are those of nats-server 2.15.3, read in its source and seen in its answers. Of core NATS: INFO,
// CONNECT, PING, PONG, PUB, HPUB, SUB, UNSUB with and without a number, +OK, -ERR and what ends a connection,
// wildcards, queue groups (a member is drawn), echo, headers, "no responders" (503), max_payload, pings of silent
// connections.
//
// Of JetStream: streams with limits, work queues and interest; what is discarded, per subject too; ages and TTLs
// of messages; duplicates; expected sequences and message names; roll-ups; purges; messages by sequence and by
// subject, also directly. Consumers that are asked: batches, max_bytes, no_wait, expiry, heartbeats, the statuses
// 400, 404, 408 and 409, turns among requests, max_ack_pending, max_deliver, backoff; +ACK, -NAK with and without
// a delay, +TERM, +WPI, +NXT and their confirmations; the order of what is delivered again; floors and the number
// pending in the reply subject. Consumers that push: interest, heartbeats, flow control, inactivity.
// Configurations that are refused, and the errors' numbers.
//
// Faults: cut connections, a frozen server, a restart, lost acknowledgements, a leader change (requests are told,
// what was handed back is forgotten, deliveries are not), acknowledgements that only the old leader knew
// (Config.Lag), a time without a leader (Config.Election), a stream that has lost its last messages, purges,
// deletions.
//
// # How it is known to be right
//
// The tests ask the model and the real server the same, from one seed: streams and consumers of many kinds, what
// two clients do with them, with cuts, and compare all answers, deliveries and numbers, after each step
// (TestSchedulesAreTheSameOnTheRealServer; NATSMODEL_SEEDS=1+400 asks for these seeds). Restarts, and leader
// changes of a cluster of three, have tests of their own. Where the real server's order is free the schedules do
// not go: which of several deliveries ends first when room is made, the order of consumers among each other, how
// many heartbeats there are. Time goes by in few schedules, and only where the order of deliveries does not hang
// on how fast the machine is.
//
// # What is not
//
// Modelled and not compared: ages, TTLs and markers, backoff, flow control, pauses and inactivity, Config.Lag and
// Config.Election (the real server's loss depends on its disk and its network), rolled-back streams, floors after
// a purge of a part of what a consumer takes, ack_policy all beside such purges and beside interest.
//
// Not modelled: accounts, permissions and credentials, TLS, leaf nodes, domains, several servers' own clocks,
// advisories, mirrors and sources (refused), republishing and transforms, counters, schedules, batches, priority
// groups, replay at the original pace, rate limits, snapshots, monitoring, lame duck mode. A restarted server
// keeps the times of deliveries to the nanosecond, where the real one keeps seconds. A request to an API that
// there is not is not answered.
package natsmodel
