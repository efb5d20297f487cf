package source

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
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

// Acks sends acknowledgements and knows which ones the server may not have got. An acknowledgement that is lost means a duplicate, not
// a loss; those that may have been lost with a connection are sent again on the next one, where they still count. Its methods may be
// called concurrently.
type Acks struct {
	conn      *nats.Conn
	sent      atomic.Uint64
	confirmed atomic.Uint64

	mu         sync.Mutex // Guards the following.
	recent     []string   // Reply subjects of what was settled for good and is not confirmed, oldest first.
	forgotten  uint64     // How many stood before them.
	reconnects uint64     // Reconnects after which they have been sent again.
}

// maxRecent bounds the acknowledgements that are kept to be sent again; of more, the oldest half is forgotten.
const maxRecent = 32768

// NewAcks returns the acknowledgements of all routes on one connection.
func NewAcks(conn *nats.Conn) *Acks { return &Acks{conn: conn} }

// settle sends an acknowledgement after which the message is never delivered again: it goes out soon, or after the connection is back.
func (a *Acks) settle(reply string, word []byte) error {
	a.mu.Lock()
	if len(a.recent) == maxRecent {
		a.forget(maxRecent / 2)
	}
	a.recent = append(a.recent, reply)
	a.mu.Unlock()
	a.sent.Add(1)
	return a.conn.Publish(reply, word)
}

// handBack asks for a message to be delivered again. It is not worth repeating.
func (a *Acks) handBack(reply string) error {
	a.sent.Add(1)
	return a.conn.Publish(reply, ackNotNow)
}

// Resend sends again what may have been lost with the last connection, once after each reconnect: plain acknowledgements, which end a
// terminated message as well. It is to be called before new messages are asked for, which would otherwise be the same ones.
func (a *Acks) Resend() {
	reconnects := a.conn.Stats().Reconnects
	a.mu.Lock()
	defer a.mu.Unlock()
	if reconnects == a.reconnects {
		return
	}
	a.reconnects = reconnects
	for _, reply := range a.recent {
		if a.conn.Publish(reply, ackDone) != nil {
			return // The connection is gone for good.
		}
	}
}

// forget drops the oldest.
func (a *Acks) forget(n int) {
	a.forgotten += uint64(n)
	left := copy(a.recent, a.recent[n:])
	clear(a.recent[left:])
	a.recent = a.recent[:left]
}

// confirmEvery is how often the server is asked whether it has got everything.
const confirmEvery = time.Second

// Run asks the server now and then, until ctx is done.
func (a *Acks) Run(ctx context.Context) {
	ticks := time.NewTicker(confirmEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			if a.Unconfirmed() > 0 && a.conn.IsConnected() {
				_ = a.confirm(confirmEvery) // Asked again at the next tick.
			}
		}
	}
}

// Flush returns once the server has got everything that has been sent. It waits for the connection to come back, until end.
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
		case a.conn.IsConnected() && a.confirm(left) == nil:
			return nil
		}
		time.Sleep(min(20*time.Millisecond, left))
	}
}

// confirm waits for the server's answer to a ping, which it reads after everything sent before on the same connection.
func (a *Acks) confirm(timeout time.Duration) error {
	a.Resend()
	a.mu.Lock()
	upTo := a.forgotten + uint64(len(a.recent))
	a.mu.Unlock()
	sent := a.sent.Load()
	if err := a.conn.FlushTimeout(timeout); err != nil {
		return err
	}
	a.mu.Lock()
	a.forget(int(max(upTo, a.forgotten) - a.forgotten))
	a.mu.Unlock()
	for {
		confirmed := a.confirmed.Load()
		if confirmed >= sent || a.confirmed.CompareAndSwap(confirmed, sent) {
			return nil
		}
	}
}

// Unconfirmed is how many acknowledgements the server may not have got: at the most so many messages will be delivered again.
func (a *Acks) Unconfirmed() uint64 {
	confirmed := a.confirmed.Load() // First: it never exceeds what is sent.
	return a.sent.Load() - confirmed
}
