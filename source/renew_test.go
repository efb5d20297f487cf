package source

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
)

// impatience is a short AckWait. Renewals come after half of it: a machine that stands still for longer has messages
// delivered again.
const impatience = 4 * time.Second

// impatient is a stream with a consumer whose AckWait is short, and a source that uses it.
func impatient(t *testing.T, conn *nats.Conn, messages int) (jetstream.Consumer, *JetStream) {
	t.Helper()
	return impatientAfter(t, conn, messages, impatience)
}

func impatientAfter(t *testing.T, conn *nats.Conn, messages int, ackWait time.Duration) (
	jetstream.Consumer, *JetStream,
) {
	t.Helper()
	stream := newStream(t, conn, messages)
	consumer, err := stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{
		Durable: "momento-bridge-r", AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait,
		FilterSubject: "a.>",
	})
	if err != nil {
		t.Fatal(err)
	}
	src := newJetStream(t, conn)
	src.cfg.Circumstances.Timeout = 100 * time.Millisecond
	return consumer, src
}

func TestWaitingMessagesAreRenewedAndNotDeliveredAgain(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	const messages = 6
	_, src := impatientAfter(t, conn, messages, 6*time.Second)
	var got atomic.Int32
	s := startStage(t, src, pipeline.RouteConfig{Returnable: true, Ordered: true}, 1000,
		func(r *pipeline.Request) pipeline.Answer {
			time.Sleep(1500 * time.Millisecond) // All are of one topic: the last one waits for 7.5 s.
			got.Add(1)
			return accepted(r)
		})
	eventually(t, "all published", s.published(messages))
	if stats := s.stop(); stats.Redelivered != 0 || got.Load() != messages {
		t.Errorf("%d published, %d redelivered, want %d and none", got.Load(), stats.Redelivered, messages)
	}
}

func TestLongHaltHandsBackOnceAndGoesOnInOrder(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	const messages = 200
	consumer, src := impatient(t, conn, messages)
	var mu sync.Mutex
	var order []string
	var open atomic.Bool
	s := startStage(t, src, pipeline.RouteConfig{Returnable: true, Ordered: true}, 1000,
		func(r *pipeline.Request) pipeline.Answer {
			if !open.Load() {
				return pipeline.Answer{Verdict: pipeline.HaltAll, Result: pipeline.Result401, Status: 401}
			}
			mu.Lock()
			defer mu.Unlock()
			order = append(order, string(r.Payload))
			return accepted(r)
		})
	eventually(t, "handed back but for the probe",
		func() bool { return s.pipe.Stats().Routes[0].Settled[pipeline.Returned] >= messages-1 })
	delivered := func() uint64 {
		info, err := consumer.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return info.Delivered.Consumer
	}
	before := delivered()
	time.Sleep(impatience + time.Second)
	if after := delivered(); after > before+3 { // One after each probe in vain.
		t.Errorf("%d deliveries while halted, want few", after-before)
	}
	open.Store(true)
	s.pipe.KeyChanged()
	eventually(t, "all published",
		func() bool { return s.pipe.Stats().Routes[0].Settled[pipeline.Published] == messages })
	s.stop()
	want := make([]string, messages)
	for i := range want {
		want[i] = fmt.Sprint(i)
	}
	if !slices.Equal(order, want) {
		t.Errorf("published in the order %v", order)
	}
}

// The endpoint is down for long, and when it answers again, it refuses the key for long: that is another halt, which
// begins while most of what was handed back in the first one is still at the server.
func TestTwoLongHaltsInARowKeepTheOrder(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	const messages = 30
	_, src := impatient(t, conn, messages)
	down := pipeline.Answer{Verdict: pipeline.Retry, Result: pipeline.ResultNetwork}
	refused := pipeline.Answer{Verdict: pipeline.HaltAll, Result: pipeline.Result401, Status: 401}
	var trouble atomic.Pointer[pipeline.Answer]
	trouble.Store(&down)
	var mu sync.Mutex
	var order []int
	s := startStage(t, src, pipeline.RouteConfig{Returnable: true, Ordered: true}, 1000,
		func(r *pipeline.Request) pipeline.Answer {
			if a := trouble.Load(); a != nil {
				return *a
			}
			mu.Lock()
			defer mu.Unlock()
			n, _ := strconv.Atoi(string(r.Payload))
			order = append(order, n)
			return accepted(r)
		})
	back := func() uint64 { return s.pipe.Stats().Routes[0].Settled[pipeline.Returned] }
	eventually(t, "handed back", func() bool { return back() >= messages-1 })
	trouble.Store(&refused)
	time.Sleep(impatience + time.Second) // Another halt.
	trouble.Store(nil)
	s.pipe.KeyChanged()
	eventually(t, "all published",
		func() bool { return s.pipe.Stats().Routes[0].Settled[pipeline.Published] == messages })
	s.stop()
	if !slices.IsSorted(order) {
		t.Errorf("published in the order %v", order)
	}
}

// An outage of the connection may be longer than AckWait. What is held when it ends is delivered again, and published
// once.
func TestHeldMessageThatIsDeliveredAgainIsPublishedOnce(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	_, src := impatient(t, conn, 5)
	src.renewAfter.Store(int64(time.Hour))
	var n atomic.Int32
	hold := make(chan struct{})
	s := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 1000, func(r *pipeline.Request) pipeline.Answer {
		<-hold
		n.Add(1)
		return accepted(r)
	})
	eventually(t, "held", func() bool { n, _ := src.held.count(); return n == 5 })
	src.held.mu.Lock()
	for d := src.held.first; d != nil; d = d.next {
		d.due = d.due.Add(time.Hour) // As if renewals were lost.
	}
	src.held.mu.Unlock()
	again := func() bool {
		src.held.mu.Lock()
		defer src.held.mu.Unlock()
		n := 0
		for d := src.held.first; d != nil; d = d.next {
			if meta, _ := parseReply(d.reply); meta.deliveries > 1 {
				n++
			}
		}
		return n == 5
	}
	eventually(t, "delivered again", again)
	close(hold)
	eventually(t, "acknowledged", func() bool {
		info, err := src.js.Consumer(t.Context(), "S", "momento-bridge-r")
		return err == nil && info.CachedInfo().NumAckPending == 0
	})
	if stats := s.stop(); n.Load() != 5 || stats.Received != 5 {
		t.Errorf("published %d, received %d, want 5", n.Load(), stats.Received)
	}
}

func TestCrowdIsRenewedInSpread(t *testing.T) {
	t.Parallel()
	var q deliveries
	now := time.Now()
	for range 1000 {
		q.add(&nats.Msg{Reply: "r"}, 0, now)
	}
	then := now.Add(time.Minute)
	for renewed, round := 0, 1; renewed < 1000; round++ {
		n := len(q.due(now, then, 0.1, nil))
		if renewed += n; n != 100 || round > 10 {
			t.Fatalf("round %d renews %d, want a tenth", round, n)
		}
	}
	if n := len(q.due(now, then, 0.1, nil)); n != 0 {
		t.Errorf("%d renewed twice", n)
	}
}

func TestWhatIsHeldFollowsTheRateOfPublishing(t *testing.T) {
	t.Parallel()
	var h hold
	s := Settings{Held: 5000, LeastHeld: 128, first: firstHeld}
	now := time.Now()
	decide := func(after time.Duration, settled uint64, want int) {
		t.Helper()
		now = now.Add(after)
		if got, _ := h.next(now, settled, &s); got != want {
			t.Errorf("holds %d, want %d", got, want)
		}
	}
	decide(0, 0, 1024)
	decide(500*time.Millisecond, 400, 1024) // Too early.
	decide(500*time.Millisecond, 1000, 4000)
	decide(time.Second, 9000, 4096) // As much as is worth holding.
	decide(time.Second, 9000, 2048) // A lull.
	decide(10*time.Second, 9000, 1024)
	decide(time.Second, 9500, 2000)
	for range 10 {
		now = now.Add(time.Second)
		h.next(now, 9500, &s)
	}
	decide(time.Second, 9501, 128)
	s.Held = 3000
	decide(time.Second, 99501, 3000) // As much as AckWait allows.
}
