package source

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
)

func TestDeletedConsumerIsMadeAnewAndGoesOnWhereItStood(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	stream := newStream(t, conn, 5)
	src := newJetStream(t, conn)
	s := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 1000, accepted)
	eventually(t, "published", s.published(5))
	awaitAcknowledged(t, stream)
	time.Sleep(clockMargin)
	info, err := src.js.Consumer(t.Context(), "S", "momento-bridge-r")
	if err != nil {
		t.Fatal(err)
	}
	src.numbers(info.CachedInfo()) // As every 5 s.
	if err := stream.DeleteConsumer(t.Context(), "momento-bridge-r"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := src.js.Publish(t.Context(), "a.b", []byte("after")); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "published what came since", s.published(8))
	time.Sleep(200 * time.Millisecond)
	if stats := s.stop(); stats.Settled[pipeline.Published] != 8 {
		t.Errorf("%d published, want the first 5 once and the 3 after", stats.Settled[pipeline.Published])
	}
}

func awaitAcknowledged(t *testing.T, stream jetstream.Stream) {
	t.Helper()
	eventually(t, "acknowledged", func() bool {
		consumer, err := stream.Consumer(t.Context(), "momento-bridge-r")
		return err == nil && consumer.CachedInfo().NumAckPending == 0
	})
}

func TestStreamMadeAnewIsConsumedFromItsBeginning(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	newStream(t, conn, 5)
	src := newJetStream(t, conn)
	s := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 1000, accepted)
	eventually(t, "published", s.published(5))
	if err := src.js.DeleteStream(t.Context(), "S"); err != nil {
		t.Fatal(err)
	}
	newStream(t, conn, 2)
	eventually(t, "published what the new stream has", s.published(7))
	s.stop()
}

func TestResumeGoesBackToTheLastSampleBeforeTheAckFloor(t *testing.T) {
	t.Parallel()
	var r resume
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }
	for i := range 10 {
		r.sample()
		r.delivered(uint64(10*i+1), at(i))
		r.delivered(uint64(10*i+2), at(i)) // Not asked for.
	}
	floor := func(sequence uint64) time.Time {
		r.acknowledged(&jetstream.ConsumerInfo{AckFloor: jetstream.SequenceInfo{Stream: sequence}, NumPending: 1})
		return r.from()
	}
	if got := floor(0); !got.IsZero() {
		t.Errorf("from %v with nothing acknowledged, want unknown", got)
	}
	if got := floor(45); !got.Equal(at(4)) {
		t.Errorf("from %v with 45 acknowledged, want the time of 41", got)
	}
	if got := floor(45); !got.Equal(at(4)) {
		t.Errorf("from %v, want it unchanged", got)
	}
	r.acknowledged(&jetstream.ConsumerInfo{TimeStamp: at(100)})
	if got := r.from(); !got.Equal(at(98)) {
		t.Errorf("from %v with everything acknowledged, want just before that", got)
	}
}

func TestMissingConsumerIsLookedForWithoutSpinning(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	stream := newStream(t, conn, 5)
	src := newJetStream(t, conn)
	s := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 1000, accepted)
	eventually(t, "published", func() bool { return s.pipe.Stats().Routes[0].Settled[pipeline.Published] == 5 })
	src.cfg.Create = false
	var calls atomic.Int32
	if _, err := conn.Subscribe("$JS.API.>", func(*nats.Msg) { calls.Add(1) }); err != nil {
		t.Fatal(err)
	}
	if err := stream.DeleteConsumer(t.Context(), "momento-bridge-r"); err != nil {
		t.Fatal(err)
	}
	const seconds = 5
	time.Sleep(seconds * time.Second)
	if n := calls.Load(); n > 5*seconds {
		t.Errorf("%d calls of the JetStream API in %d s", n, seconds)
	}
	eventually(t, "saying that the consumer is missing", func() bool {
		ok, why := src.Ready()
		return !ok && strings.Contains(why, "does not exist: create it")
	})
	s.stop()
}
