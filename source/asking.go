package source

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"
)

// What other rooms ask NATS for on this connection, and may be refused. That is an answer, and nothing to log.

// Guard returns a context that ends, with a RefusedError as its cause, when the server refuses to let the user publish
// to a subject that begins with one of those given.
func (a *Acks) Guard(ctx context.Context, subjects ...string) (context.Context, context.CancelFunc) {
	for _, subject := range subjects {
		a.refusals.quietly(subject)
	}
	return a.refusals.guard(ctx, subjects...)
}

// Request asks, and waits for the answer until ctx is done. If the server refuses it the error is a RefusedError.
func (a *Acks) Request(ctx context.Context, m *nats.Msg) (*nats.Msg, error) {
	ctx, release := a.Guard(ctx, m.Subject)
	defer release()
	answer, err := a.conn.RequestMsgWithContext(ctx, m)
	if refused, ok := errors.AsType[*RefusedError](context.Cause(ctx)); ok && err != nil {
		return nil, refused
	}
	return answer, err
}

// MayPublish asks the server whether the user may publish to a subject, by doing so: nil if it does not say no. It does
// not wait for an answer.
func (a *Acks) MayPublish(subject string, data []byte) error {
	return a.refusals.mayPublish(subject, data)
}

// MaySubscribe asks the server whether the user may subscribe to a subject, by doing so for a moment.
func (a *Acks) MaySubscribe(subject string) error { return a.refusals.maySubscribe(subject) }

// Quietly says that it is nothing to log if the user may not use these subjects.
func (a *Acks) Quietly(subjects ...string) {
	for _, s := range subjects {
		a.refusals.quietly(s)
	}
}

// APISubject returns where JetStream is asked for something on a connection.
func APISubject(conn *nats.Conn, request string) string { return apiOf(conn).subject(request) }

// StreamSubject returns where something is published on a connection that a stream is to store, if it is in the domain
// or account that the connection asks.
func StreamSubject(conn *nats.Conn, subject string) string {
	if apiOf(conn) == (API{}) {
		return subject
	}
	return apiOf(conn).subject(subject)
}
