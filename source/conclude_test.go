package source

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Another replica that has lost its lease may acknowledge late what is in our hands. Then the server's number of
// unacknowledged messages says that nothing is missing, although it has one more to deliver again.
func TestBarrierIsNotOpenedWhileTheServerHasOneMoreToDeliverAgain(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	stream := newStream(t, conn, 2)
	src := newJetStream(t, conn)
	route := anyRoute()
	consumer, settings, err := src.bind(t.Context(), route)
	if err != nil {
		t.Fatal(err)
	}
	other, err := stream.Consumer(t.Context(), src.cfg.Consumer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Request(last(t, other, 2).Reply(), ackNotNow, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	p := newPuller(conn, src.acks.window, src.cfg.Stream, src.cfg.Consumer, route, settings)
	defer p.share.leave()
	sub, _, err := src.subscribe(p, route)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	src.barrier.raise("a test")
	_ = src.barrier.reason()
	src.barrier.inform(2, 2, 0, 0)
	w := &watch{j: src, p: p, route: route}
	w.settling = settling{step: collecting, naks: 2, info: consumer.CachedInfo()}
	waiting := 0
	eventually(t, "opened", func() bool {
		_, _, waiting, _ = src.barrier.state()
		if err := w.conclude(time.Now()); err != nil {
			t.Fatal(err)
		}
		return !src.barrier.up.Load()
	})
	if waiting != 1 {
		t.Errorf("it is opened while %d messages wait, want the one that the server had", waiting)
	}
}

// last takes so many messages as another replica, and returns the last of them.
func last(t *testing.T, consumer jetstream.Consumer, messages int) (last jetstream.Msg) {
	t.Helper()
	batch, err := consumer.Fetch(messages)
	if err != nil {
		t.Fatal(err)
	}
	for m := range batch.Messages() {
		last = m
	}
	return last
}
