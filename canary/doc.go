// Package canary is what a message needs that is sent to see whether it arrives: a payload that says whose it is and
// which (Payload), the account of those that were sent (Book), from which loss, delay, order and repetition follow, and
// what that says of the way from NATS through a bridge to a subscriber (Watch, View). It takes its times from its
// caller, starts nothing, and imports nothing of ours.
package canary
