// Package envelope makes a CloudEvent 1.0, in the JSON event format, of each message: what subject, headers, stream,
// sequence and time of a NATS message say travels with its payload. What is a CloudEvent already stays what it is.
//
// No message is refused. What claims to be a CloudEvent and is none is data like any other, so that whoever reads the
// events never meets one that its SDK does not take. docs/cloudevents.md says what becomes of what.
package envelope
