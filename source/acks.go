package source

import (
	"context"
	"fmt"
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

// Acks sends acknowledgements and knows how many the server may not have got. An acknowledgement that is lost means a duplicate, not
// a loss. Its methods may be called concurrently.
type Acks struct {
	conn      *nats.Conn
	sent      atomic.Uint64
	confirmed atomic.Uint64
}

// NewAcks returns the acknowledgements of all routes on one connection.
func NewAcks(conn *nats.Conn) *Acks { return &Acks{conn: conn} }

// send sends an acknowledgement: it goes out soon, or after the connection is back.
func (a *Acks) send(reply string, word []byte) error {
	a.sent.Add(1)
	return a.conn.Publish(reply, word)
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

// confirm waits for the server's answer to a ping, which it reads after everything sent before.
func (a *Acks) confirm(timeout time.Duration) error {
	sent := a.sent.Load()
	if err := a.conn.FlushTimeout(timeout); err != nil {
		return err
	}
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
