package source

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// The server's words for how a delivery ends, or goes on.
var (
	ackDone     = []byte("+ACK")
	ackNotNow   = []byte("-NAK")
	ackNever    = []byte("+TERM")
	ackProgress = []byte("+WPI")
)

// Acks sends acknowledgements and knows which ones the server may not have got. An acknowledgement that is lost means
// a duplicate, not a loss; those that may have been lost with a connection are sent again on the next one, where they
// still count.
//
// Plain acknowledgements leave several at a time, as each write wakes the server: as many as ackBatch together, or
// what there is when nothing else is being published, or after ackDelay. A killed daemon has so many more messages
// delivered again at the most. Its methods may be called concurrently.
type Acks struct {
	conn     *nats.Conn
	refusals *refusals
	window   *window     // Of what all routes have asked for.
	late     *time.Timer // Sends what has waited for ackDelay.

	resending chan struct{} // One slot: taken while others must wait for what is sent again, which may be long.
	owed      chan struct{} // One slot: the first since all was confirmed is given.

	mu         sync.Mutex // Guards the following.
	recent     []string   // Reply subjects of what was settled for good, oldest first,
	sure       int        // so many of which are confirmed, and kept in case a consumer's leader is lost with them.
	unsent     int        // The last of them, which have not been sent.
	armed      bool       // late is running.
	forgotten  uint64     // How many stood before recent.
	reconnects uint64     // Reconnects after which they have been sent again.
	given      uint64     // Acknowledgements, hand-backs included, that were to be sent so far,
	confirmed  uint64     // and that the server has got.
}

const (
	// maxRecent bounds the acknowledgements that are kept to be sent again; of more, the oldest half is forgotten.
	maxRecent = 32768
	// keptAcks is how many confirmed acknowledgements are kept: what is acknowledged while a cluster notices that a
	// leader is gone.
	keptAcks = 8192
	// ackBatch is where more in one write save nothing worth having: a sixteenth of a write each.
	ackBatch = 16
	ackDelay = time.Millisecond
)

// NewAcks returns the acknowledgements of all routes on one connection.
func NewAcks(conn *nats.Conn) *Acks {
	a := &Acks{
		conn: conn, refusals: newRefusals(conn), window: newWindow(mostOutstanding), resending: make(chan struct{}, 1),
		owed: make(chan struct{}, 1),
	}
	a.late = time.AfterFunc(time.Hour, a.sendLate)
	a.late.Stop()
	return a
}

// done acknowledges a message for good: it goes out soon, at once if hurry is set, or after the connection is back.
func (a *Acks) done(reply string, hurry bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.remember(reply)
	a.unsent++
	if hurry || a.unsent >= ackBatch {
		return a.send()
	}
	if !a.armed {
		a.armed = true
		a.late.Reset(ackDelay)
	}
	return nil
}

// term ends a message for good, for a reason that the server notes, at once or after the connection is back.
func (a *Acks) term(reply string, word []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	_ = a.send() // What fails here fails below, too, and both are remembered.
	a.remember(reply)
	return a.conn.Publish(reply, word)
}

// handBack asks for a message to be delivered again. It is not worth repeating.
func (a *Acks) handBack(reply string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count()
	return a.conn.Publish(reply, ackNotNow)
}

// remember keeps an acknowledgement to be sent again if need be.
func (a *Acks) remember(reply string) {
	if len(a.recent) == maxRecent {
		a.forget(maxRecent / 2)
	}
	a.recent = append(a.recent, reply)
	a.count()
}

// count notes one more that the server has to get. mu is held.
func (a *Acks) count() {
	if a.given == a.confirmed {
		select {
		case a.owed <- struct{}{}:
		default:
		}
	}
	a.given++
}

// send sends what has not been sent. What fails is sent again on the next connection.
func (a *Acks) send() error {
	unsent := a.recent[len(a.recent)-a.unsent:]
	a.unsent = 0
	for _, reply := range unsent {
		if err := a.conn.Publish(reply, ackDone); err != nil {
			return err
		}
	}
	return nil
}

// push sends at once what has not been sent.
func (a *Acks) push() {
	a.mu.Lock()
	defer a.mu.Unlock()
	_ = a.send() // As in sendLate.
}

// sendLate is the timer's callback.
func (a *Acks) sendLate() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.armed = false
	_ = a.send() // What could not be sent is still unconfirmed: Resend or Flush will see.
}

// Resend sends again what may have been lost with the last connection, once after each reconnect: plain
// acknowledgements, which end a terminated message as well. It is to be called before new messages are asked for,
// which would otherwise be the same ones. So it waits until each consumer has taken note, for takeNoteTime at the
// most in all: the server reads acknowledgements and requests in order, and attends to them apart.
func (a *Acks) Resend() {
	a.resending <- struct{}{}
	defer func() { <-a.resending }()
	a.takeNote(a.resend())
}

// takeNote waits until each consumer has taken note of its last acknowledgement.
func (a *Acks) takeNote(last []string) {
	end := time.Now().Add(takeNoteTime)
	for _, reply := range last {
		left := time.Until(end)
		if left <= 0 {
			return // What was sent may still arrive.
		}
		_, _ = a.conn.Request(reply, ackDone, left)
	}
}

// takeNoteTime is how long all consumers together may take to note acknowledgements.
const takeNoteTime = 2 * time.Second

// resend returns the last acknowledgement of each consumer among those that it has sent again.
func (a *Acks) resend() []string {
	reconnects := a.conn.Stats().Reconnects
	a.mu.Lock()
	defer a.mu.Unlock()
	if reconnects == a.reconnects {
		return nil
	}
	a.reconnects = reconnects
	return a.sendAll()
}

// sendAll sends all that are not confirmed, and returns the last acknowledgement of each consumer among them.
func (a *Acks) sendAll() []string {
	a.unsent = 0
	last := map[string]string{}
	for _, reply := range a.recent[a.sure:] {
		if a.conn.Publish(reply, ackDone) != nil {
			return nil // The connection is gone for good.
		}
		last[consumerOf(reply)] = reply
	}
	return slices.Sorted(maps.Values(last))
}

// nobody is the end of the reply subject of a delivery that there is not.
const nobody = "1.9223372036854775807.1.0.0"

// probe returns nil if acknowledgements of a consumer, whose reply subjects begin with a prefix, may be sent: it
// renews a delivery that there is not.
func (a *Acks) probe(prefix string) error {
	return a.refusals.mayPublish(prefix+nobody, ackProgress)
}

// restore tries whether acknowledgements that were refused are any more. If not, those that may have been are sent
// again, and the consumer takes note of them before messages are asked for.
func (a *Acks) restore(refused RefusedError) bool {
	if a.probe(strings.TrimSuffix(refused.Subject, ">")) != nil {
		return false
	}
	a.refusals.forget(refused)
	a.resending <- struct{}{}
	defer func() { <-a.resending }()
	a.mu.Lock()
	last := a.sendAll()
	a.mu.Unlock()
	a.takeNote(last)
	return true
}

// forget drops the oldest.
func (a *Acks) forget(n int) {
	a.forgotten += uint64(n)
	left := copy(a.recent, a.recent[n:])
	clear(a.recent[left:])
	a.recent = a.recent[:left]
	a.sure = max(0, a.sure-n)
}

// of returns the latest acknowledgements of a consumer, oldest first, confirmed or not.
func (a *Acks) of(stream, consumer string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	name := "." + stream + "." + consumer + "."
	var replies []string
	for _, reply := range a.recent {
		if strings.HasSuffix(consumerOf(reply), name) {
			replies = append(replies, reply)
		}
	}
	return replies
}

// repeat sends acknowledgements once more, and waits for a moment until the consumer has taken note of the last.
func (a *Acks) repeat(replies []string) {
	for _, reply := range replies {
		if a.conn.Publish(reply, ackDone) != nil {
			return
		}
	}
	if len(replies) > 0 {
		_, _ = a.conn.Request(replies[len(replies)-1], ackDone, takeNoteTime)
	}
}

// confirmEvery is how often the server is asked whether it has got everything.
const confirmEvery = time.Second

// Run asks the server now and then, until ctx is done. While all is confirmed it sleeps.
func (a *Acks) Run(ctx context.Context) {
	defer a.late.Stop()
	ticks := time.NewTicker(confirmEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.owed:
			ticks.Reset(confirmEvery)
		case <-ticks.C:
			if a.Unconfirmed() > 0 && a.conn.IsConnected() {
				_ = a.confirm(confirmEvery) // Asked again at the next tick.
			}
			if a.Unconfirmed() == 0 {
				ticks.Stop()
			}
		}
	}
}

// Flush returns once the server has got everything that has been sent. It waits for the connection to come back,
// until end.
func (a *Acks) Flush(end time.Time) error {
	for {
		left := time.Until(end)
		switch {
		case a.Unconfirmed() == 0:
			return nil
		case left <= 0 && !a.conn.IsConnected():
			return fmt.Errorf("flush the acknowledgements: %w", nats.ErrDisconnected)
		case left <= 0:
			return fmt.Errorf("flush the acknowledgements: %w", nats.ErrTimeout)
		}
		if a.conn.IsConnected() {
			err := a.confirm(left)
			if _, refused := errors.AsType[*RefusedError](err); err == nil || refused {
				return err
			}
		}
		time.Sleep(min(20*time.Millisecond, left))
	}
}

// confirm waits for the server's answer to a ping, which it reads after everything sent before on the same
// connection. While acknowledgements are refused it forgets none, so that they can be sent again.
func (a *Acks) confirm(timeout time.Duration) error {
	a.Resend()
	a.mu.Lock()
	err := a.send()
	upTo, given := a.forgotten+uint64(len(a.recent)), a.given
	a.mu.Unlock()
	if err != nil {
		return err
	}
	if err := a.conn.FlushTimeout(timeout); err != nil {
		return err
	}
	a.refusals.look()
	if refused, ok := a.refusals.anyAcks(); ok {
		return &refused
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sure = max(a.sure, int(max(upTo, a.forgotten)-a.forgotten))
	if more := a.sure - keptAcks; more > keptAcks/2 {
		a.forget(more)
	}
	a.confirmed = max(a.confirmed, given)
	return nil
}

// Unconfirmed is how many acknowledgements the server may not have got: at the most so many messages will be
// delivered again.
func (a *Acks) Unconfirmed() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.given - a.confirmed
}
