// Package natsmodel is a model of a NATS server with JetStream for simulations on virtual time: it is given bytes and
// times, and says what it answers and when it has something to do next. It has no goroutine, no clock, no global
// randomness; the same calls give the same bytes.
package natsmodel
