// Package canary is what a message needs that is sent to see whether it arrives: a payload that says whose it is and
// which (Payload), and the account of those that were sent (Book), from which loss, delay, order and repetition follow.
// It takes its times from its caller, starts nothing, and imports nothing of ours.
package canary
