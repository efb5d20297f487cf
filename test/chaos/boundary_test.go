package chaos

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

// boundary is a world with one message, whose deliveries end after a while, and a daemon behind a proxy.
type boundary struct {
	t        *testing.T
	nats     *natsServer
	stream   jetstream.Stream
	endpoint *endpoint
	proxy    *proxy
}

const impatience = 10 * time.Second

func newBoundary(t *testing.T, answer func(publish) int) *boundary {
	t.Helper()
	t.Parallel()
	n := startNATS(t)
	b := &boundary{
		t: t, nats: n, stream: n.stream("S", "s.>"), endpoint: startEndpoint(t, answer),
		proxy: startProxy(t, n.Address),
	}
	n.consumer(b.stream, impatience)
	n.publish(0, 1)
	return b
}

// run starts a daemon. One that is to be killed goes through the proxy.
func (b *boundary) run(nats string, endpoint, route string) *daemon {
	b.t.Helper()
	return startDaemon(b.t, settings{
		nats: nats, endpoint: endpoint, momento: "  timeout: 2400ms",
		route: route,
	}.write(b.t))
}

// finish lets another daemon do the rest, and compares the number of copies.
func (b *boundary) finish(route string, copies int) {
	b.t.Helper()
	d := b.run(b.nats.Address, b.endpoint.url, route)
	d.awaitReady()
	b.nats.awaitSettled()
	d.mustStop()
	if got := b.endpoint.copiesOf("0"); got != copies {
		b.t.Errorf("the message was accepted %d times, want %d", got, copies)
	}
}

func TestKilledBeforeSendingPublishesOnce(t *testing.T) {
	b := newBoundary(t, nil)
	d := b.run(b.nats.Address, "http://"+lab.FreeAddress(), "")
	lab.Eventually(t, patience, "received",
		func() bool { return d.Metric("momento_bridge_messages_received_total", "") == 1 })
	d.Kill()
	b.finish("", 1)
}

func TestKilledWhileSendingPublishesOnceIfNothingWasRead(t *testing.T) {
	b := newBoundary(t, nil)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	d := b.run(b.nats.Address, "http://"+ln.Addr().String(), "")
	conn, err := ln.Accept() // And never read from.
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	d.Kill()
	b.finish("", 1)
}

func TestKilledBetweenAcceptanceAndAckPublishesTwice(t *testing.T) {
	b := newBoundary(t, nil)
	pulled := make(chan struct{})
	b.proxy.tripwire.Store(&tripwire{word: []byte("+ACK"), pull: func() { close(pulled) }})
	d := b.run(b.proxy.address, b.endpoint.url, "")
	<-pulled
	d.Kill()
	b.finish("", 2)
}

// The acknowledgement has been handed to the NATS client and, for all the daemon knows, is out.
func TestKilledBeforeTheAckIsFlushedPublishesTwice(t *testing.T) {
	b := newBoundary(t, nil)
	b.endpoint.answers(func(publish) int {
		b.proxy.up.Store(true)
		return 204
	})
	d := b.run(b.proxy.address, b.endpoint.url, "")
	lab.Eventually(t, patience, "settled", func() bool { return d.settledAs("published") == 1 })
	d.Kill()
	b.endpoint.answers(nil)
	b.finish("", 2)
}

func TestKilledAfterTheAckPublishesOnce(t *testing.T) {
	b := newBoundary(t, nil)
	d := b.run(b.proxy.address, b.endpoint.url, "")
	lab.Eventually(t, patience, "acknowledged", func() bool { return b.endpoint.messages() == 1 && b.nats.settled() })
	d.Kill()
	time.Sleep(impatience + time.Second)
	b.finish("", 1)
}

// The dead letter is stored, its message not terminated. The other daemon rejects it again, and the dead letter is
// known.
func TestKilledBetweenDeadLetterAndTerminateKeepsOneDeadLetter(t *testing.T) {
	var attempts atomic.Int32
	b := newBoundary(t, func(publish) int {
		attempts.Add(1)
		return 400
	})
	dead := b.nats.stream("DEAD", "dead.>")
	const route = ", dead_letter: {subject: dead.s}"
	pulled := make(chan struct{})
	b.proxy.tripwire.Store(&tripwire{word: []byte("+TERM"), pull: func() { close(pulled) }})
	d := b.run(b.proxy.address, b.endpoint.url, route)
	<-pulled
	d.Kill()
	b.finish(route, 0)
	info, err := dead.Info(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	if info.State.Msgs != 1 || attempts.Load() != 2 {
		t.Errorf("%d dead letters after %d attempts, want one after two", info.State.Msgs, attempts.Load())
	}
}
