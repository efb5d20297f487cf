package source

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
)

// While there is no route nobody looks; each one that comes is looked at within a second.
func TestRoundsGoOnWithTheFirstRouteAfterAQuietTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := NewRounds()
		go r.Run(t.Context())
		c := NewCore(&nats.Conn{}, CoreConfig{Subject: "a.>"}, quiet())
		for range 2 {
			time.Sleep(10 * time.Second)
			c.denied.Store(true) // Until somebody looks.
			r.join(c)
			time.Sleep(roundInterval)
			synctest.Wait()
			if c.denied.Load() {
				t.Error("nobody has looked")
			}
			r.leave(c)
		}
	})
}

// Once all is confirmed nobody asks; what is given after that is confirmed as well.
func TestAcknowledgementsAreConfirmedAfterAQuietTime(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	acks := NewAcks(conn)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); acks.Run(ctx) }()
	defer func() { stop(); <-done }()
	for _, give := range []func(string) error{
		func(reply string) error { return acks.done(reply, false) }, acks.handBack,
		func(reply string) error { return acks.handBackFor(reply, time.Minute) },
	} {
		if err := give(exampleReply); err != nil {
			t.Fatal(err)
		}
		eventually(t, "confirmed", func() bool { return acks.Unconfirmed() == 0 })
	}
}
