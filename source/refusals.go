package source

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// What the server may refuse, in its own words.
const (
	refusedPublish   = "Publish"
	refusedSubscribe = "Subscription"
)

// RefusedError is that the NATS user may not do something.
type RefusedError struct {
	Action  string // refusedPublish or refusedSubscribe.
	Subject string
}

func (e *RefusedError) Error() string {
	what := "publish"
	if e.Action == refusedSubscribe {
		what = "subscribe"
	}
	return fmt.Sprintf("the NATS user may not %s to %s: grant it (docs/permissions.md)", what, e.Subject)
}

// refusals knows what the server refuses the user of one connection: nats.go tells of it aside, and whoever has asked
// waits in vain. It may be used concurrently.
type refusals struct {
	conn *nats.Conn

	mu      sync.Mutex // Guards the following.
	noted   error      // The error that was noted last: each comes twice, from the client and to its handler.
	seen    map[RefusedError]sight
	guards  map[*guard]struct{}
	silence map[string]struct{} // Subjects whose refusal is nothing to log.
}

// sight is when something was refused last, and on which connection, counted from 0.
type sight struct {
	at         time.Time
	connection uint64
}

// guard ends a context when one of its subjects is refused.
type guard struct {
	subjects []string
	cancel   context.CancelCauseFunc
}

// maxRefusals bounds what is remembered.
const maxRefusals = 256

// newRefusals listens to a connection's errors, and passes on what is worth a line in the log.
func newRefusals(conn *nats.Conn) *refusals {
	r := &refusals{
		conn: conn, seen: map[RefusedError]sight{}, guards: map[*guard]struct{}{},
		silence: map[string]struct{}{},
	}
	next := conn.ErrorHandler()
	conn.SetErrorHandler(func(c *nats.Conn, sub *nats.Subscription, err error) {
		if worth := r.note(err); worth && next != nil {
			next(c, sub, err)
		}
	})
	return r
}

// parse reads the server's words.
func (r *refusals) parse(err error) (RefusedError, bool) {
	if !errors.Is(err, nats.ErrPermissionViolation) {
		return RefusedError{}, false
	}
	for _, action := range [...]string{refusedPublish, refusedSubscribe} {
		_, rest, ok := strings.Cut(err.Error(), action+` to "`)
		if !ok {
			continue
		}
		subject, _, _ := strings.Cut(rest, `"`)
		return r.refused(action, subject), true
	}
	return RefusedError{}, false
}

// refused is the refusal of a subject. The acknowledgements of a consumer count as one, and so do all inboxes.
func (r *refusals) refused(action, subject string) RefusedError {
	if strings.HasPrefix(subject, replyPrefix) {
		subject = consumerOf(subject) + ">"
	} else if prefix := inboxPrefix(r.conn); action == refusedSubscribe && strings.HasPrefix(subject, prefix) {
		subject = prefix + ">"
	}
	return RefusedError{Action: action, Subject: subject}
}

// note takes note of an error of the connection. It reports whether that is to be logged: refused acknowledgements,
// of which there may be many, are by their route.
func (r *refusals) note(err error) (worth bool) {
	refused, ok := r.parse(err)
	if !ok {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != r.noted { //nolint:errorlint // This very one.
		r.noteLocked(err, refused)
	}
	_, silent := r.silence[refused.Subject]
	return !silent && !strings.HasPrefix(refused.Subject, replyPrefix)
}

func (r *refusals) noteLocked(err error, refused RefusedError) {
	r.noted = err
	if len(r.seen) >= maxRefusals { // Those of which it matters whether they last are few, and noted again.
		clear(r.seen)
	}
	r.seen[refused] = sight{time.Now(), r.conn.Stats().Reconnects}
	for g := range r.guards {
		for _, subject := range g.subjects {
			if strings.HasPrefix(refused.Subject, subject) {
				g.cancel(&refused)
			}
		}
	}
}

// look takes note of what the client knows already and its handler may be told of later. To be called after a flush.
func (r *refusals) look() {
	err := r.conn.LastError()
	refused, ok := r.parse(err)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != r.noted { //nolint:errorlint // This very one.
		r.noteLocked(err, refused)
	}
}

// guard returns a context that ends, with a RefusedError as its cause, when a subject that begins with one of those
// given is refused.
func (r *refusals) guard(ctx context.Context, subjects ...string) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	g := &guard{subjects: subjects, cancel: cancel}
	r.mu.Lock()
	r.guards[g] = struct{}{}
	r.mu.Unlock()
	return ctx, func() {
		r.mu.Lock()
		delete(r.guards, g)
		r.mu.Unlock()
		cancel(nil)
	}
}

// quietly says that the refusal of a subject is expected, and nothing to log.
func (r *refusals) quietly(subject string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.silence[subject] = struct{}{}
}

// since returns a refusal that was noted at a time or later.
func (r *refusals) since(action, subject string, t time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	refused := r.refused(action, subject)
	if seen, ok := r.seen[refused]; !ok || seen.at.Before(t) {
		return nil
	}
	return &refused
}

// inboxes returns the refusal of our inboxes. A new connection asks for them again.
func (r *refusals) inboxes() (RefusedError, bool) {
	refused := r.refused(refusedSubscribe, inboxPrefix(r.conn))
	r.mu.Lock()
	defer r.mu.Unlock()
	seen, ok := r.seen[refused]
	return refused, ok && seen.connection == r.conn.Stats().Reconnects
}

// acks returns the refusal of a consumer's acknowledgements.
func (r *refusals) acks(stream, consumer string) (RefusedError, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.seen) == 0 {
		return RefusedError{}, false
	}
	for refused := range r.seen {
		if refused.Action == refusedPublish && strings.HasPrefix(refused.Subject, replyPrefix) &&
			strings.HasSuffix(refused.Subject, "."+stream+"."+consumer+".>") {
			return refused, true
		}
	}
	return RefusedError{}, false
}

// anyAcks reports whether the acknowledgements of any consumer are refused.
func (r *refusals) anyAcks() (RefusedError, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for refused := range r.seen {
		if refused.Action == refusedPublish && strings.HasPrefix(refused.Subject, replyPrefix) {
			return refused, true
		}
	}
	return RefusedError{}, false
}

// forget is to be called when something is not refused any more.
func (r *refusals) forget(refused RefusedError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.seen, refused)
}

// mayPublish asks the server whether the user may publish to a subject, by doing so: nil if it does not say no. It
// does not wait for an answer.
func (r *refusals) mayPublish(subject string, data []byte) error {
	began := time.Now()
	if err := r.conn.Publish(subject, data); err != nil {
		return err
	}
	if err := r.conn.FlushTimeout(lookTimeout); err != nil {
		return err
	}
	r.look()
	return r.since(refusedPublish, subject, began)
}

// maySubscribe asks the server whether the user may subscribe to a subject, such as that of inboxes.
func (r *refusals) maySubscribe(subject string) error {
	began := time.Now()
	// One that is waited for brings room for 65 536 messages.
	sub, err := r.conn.Subscribe(subject, func(*nats.Msg) {})
	if err != nil {
		return err
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := r.conn.FlushTimeout(lookTimeout); err != nil {
		return err
	}
	r.look()
	return r.since(refusedSubscribe, subject, began)
}

// publishRefused returns what the server said last if that is that the user may not publish to a subject.
func publishRefused(conn *nats.Conn, subject string) error {
	err := conn.LastError()
	if !errors.Is(err, nats.ErrPermissionViolation) || !strings.Contains(err.Error(),
		refusedPublish+` to "`+subject+`"`) {
		return nil
	}
	return &RefusedError{Action: refusedPublish, Subject: subject}
}
