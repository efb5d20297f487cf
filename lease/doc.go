// Package lease says which of several replicas may carry a route: the one that holds its lease, a key of a bucket that
// all of them see. It is the protocol alone: times, and what the bucket says, are handed in; what is to be written is
// handed out. It knows no clock, no network and no goroutine.
//
// A holder renews its key each fifth of a lease by compare-and-set. It stops four fifths of a lease after it has sent
// the last renewal that was answered. Whoever wants the lease waits a whole one after it saw the key change last. So
// two hold at the same time only if their clocks differ by a fifth in rate; what the clocks show does not matter.
//
//	standby ──▶ taking ──▶ holding ──▶ releasing ──▶ standby
//	   ▲                      │
//	   └──────── lost ◀───────┘
//
// A [Machine] is all leases of one process: it also knows the members of the group, and sees to it that each holds
// about as many leases as the others.
package lease
