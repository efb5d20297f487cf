package live_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/simulation/natsmodel"
	"momento-bridge/test/simulation/natsmodel/live"
)

// withStream runs a test with a client and a stream ORDERS of orders.>.
func withStream(t *testing.T, f func(t *testing.T, s *live.Server, js jetstream.JetStream, stream jetstream.Stream)) {
	t.Helper()
	inBubble(t, natsmodel.Config{}, func(t *testing.T, s *live.Server) {
		c := connect(t, s)
		defer c.Close()
		js, err := jetstream.New(c)
		if err != nil {
			t.Fatal(err)
		}
		stream, err := js.CreateStream(t.Context(),
			jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}})
		if err != nil {
			t.Fatal(err)
		}
		f(t, s, js, stream)
	})
}

func publish(t *testing.T, js jetstream.JetStream, n int) {
	t.Helper()
	for i := range n {
		if _, err := js.Publish(t.Context(), fmt.Sprintf("orders.%d", i), []byte("order")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMessagesAreDeliveredAgainUntilTheyAreAcknowledged(t *testing.T) {
	withStream(t, func(t *testing.T, _ *live.Server, js jetstream.JetStream, stream jetstream.Stream) {
		publish(t, js, 5)
		consumer, err := stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{
			Durable: "D", AckPolicy: jetstream.AckExplicitPolicy, AckWait: 10 * time.Second,
		})
		if err != nil {
			t.Fatal(err)
		}
		batch, err := consumer.Fetch(10, jetstream.FetchMaxWait(time.Second))
		if err != nil {
			t.Fatal(err)
		}
		var got []jetstream.Msg
		for m := range batch.Messages() {
			got = append(got, m)
		}
		if len(got) != 5 {
			t.Fatalf("%d messages were delivered, want 5", len(got))
		}
		for _, m := range got[1:] {
			_ = m.DoubleAck(t.Context())
		}
		info, err := consumer.Info(t.Context())
		if err != nil || info.NumAckPending != 1 || info.AckFloor.Stream != 0 || info.Delivered.Stream != 5 {
			t.Fatalf("the consumer is %+v, %v", info, err)
		}
		began := time.Now()
		m, err := consumer.Next(jetstream.FetchMaxWait(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		meta, _ := m.Metadata()
		if meta.NumDelivered != 2 || meta.Sequence.Stream != 1 || meta.Sequence.Consumer != 6 {
			t.Errorf("it is delivered again as %+v", meta)
		}
		if waited := time.Since(began); waited < 8*time.Second || waited > 11*time.Second {
			t.Errorf("it was delivered again after %v", waited)
		}
		_ = m.DoubleAck(t.Context())
		if info, _ = consumer.Info(t.Context()); info.AckFloor.Stream != 5 {
			t.Errorf("the floor is %d, want 5", info.AckFloor.Stream)
		}
	})
}

func TestRequestsEndWithTheirStatus(t *testing.T) {
	withStream(t, func(t *testing.T, _ *live.Server, js jetstream.JetStream, stream jetstream.Stream) {
		consumer, err := stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{
			Durable: "D", AckPolicy: jetstream.AckExplicitPolicy,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := consumer.Next(jetstream.FetchMaxWait(time.Second)); !errors.Is(err, nats.ErrTimeout) {
			t.Errorf("a request that waits in vain: %v", err)
		}
		batch, err := consumer.FetchNoWait(5)
		if err != nil {
			t.Fatal(err)
		}
		for range batch.Messages() {
			t.Error("there is a message")
		}
		if err := stream.DeleteConsumer(t.Context(), "D"); err != nil {
			t.Fatal(err)
		}
		if _, err := consumer.Next(jetstream.FetchMaxWait(time.Second)); !errors.Is(err, nats.ErrNoResponders) {
			t.Errorf("a request to a consumer that is gone: %v", err)
		}
		if _, err := js.Stream(t.Context(), "OTHER"); !errors.Is(err, jetstream.ErrStreamNotFound) {
			t.Errorf("another stream: %v", err)
		}
	})
}

func TestConsumeGoesOnAfterALeaderChangeAndARestart(t *testing.T) {
	withStream(t, func(t *testing.T, s *live.Server, js jetstream.JetStream, stream jetstream.Stream) {
		consumer, err := stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{
			Durable: "D", AckPolicy: jetstream.AckExplicitPolicy,
		})
		if err != nil {
			t.Fatal(err)
		}
		var got atomic.Int64
		running, err := consumer.Consume(func(m jetstream.Msg) { got.Add(1); _ = m.Ack() })
		if err != nil {
			t.Fatal(err)
		}
		defer running.Stop()
		for i, breaks := range []func(m *natsmodel.Server, now time.Time){
			func(*natsmodel.Server, time.Time) {},
			func(m *natsmodel.Server, now time.Time) { m.ChangeLeader(now, "ORDERS") },
			(*natsmodel.Server).Restart,
		} {
			s.Do(breaks)
			time.Sleep(time.Minute)
			publish(t, js, 3)
			time.Sleep(time.Minute)
			if n := got.Load(); n != 3*int64(i+1) {
				t.Fatalf("after break %d %d messages had come, want %d", i, n, 3*(i+1))
			}
		}
	})
}

func TestAKeyIsWatchedAndWrittenOnlyOverWhatIsKnown(t *testing.T) {
	inBubble(t, natsmodel.Config{}, func(t *testing.T, s *live.Server) {
		c := connect(t, s)
		defer c.Close()
		js, _ := jetstream.New(c)
		kv, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: "leases", History: 1})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w, err := kv.WatchAll(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if e := <-w.Updates(); e != nil {
			t.Fatalf("an empty bucket has %v", e)
		}
		first, err := kv.Create(t.Context(), "a", []byte("1"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := kv.Create(t.Context(), "a", nil); !errors.Is(err, jetstream.ErrKeyExists) {
			t.Errorf("a key that exists is created: %v", err)
		}
		if _, err := kv.Update(t.Context(), "a", []byte("2"), first+7); err == nil {
			t.Error("a key is written over what is not known")
		}
		if _, err := kv.Update(t.Context(), "a", []byte("2"), first); err != nil {
			t.Error(err)
		}
		if e, err := kv.Get(t.Context(), "a"); err != nil || string(e.Value()) != "2" {
			t.Errorf("the key is %v, %v", e, err)
		}
		_ = kv.Delete(t.Context(), "a")
		s.Do(func(m *natsmodel.Server, now time.Time) { m.Restart(now) })
		time.Sleep(time.Minute)
		if _, err := kv.Put(t.Context(), "b", nil); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		var keys []string
		for len(w.Updates()) > 0 {
			e := <-w.Updates()
			keys = append(keys, e.Key()+" "+e.Operation().String()+" "+string(e.Value()))
		}
		const want = "[a KeyValuePutOp 1 a KeyValuePutOp 2 a KeyValueDeleteOp  b KeyValuePutOp ]"
		if got := fmt.Sprint(keys); got != want {
			t.Errorf("the watcher saw %s", got)
		}
	})
}
