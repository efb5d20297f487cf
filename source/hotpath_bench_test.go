package source

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/bench/rig"
)

const exampleReply = "$JS.ACK.ORDERS.bridge.1.42.7.1700000000123456789.99"

// BenchmarkDelivery is what the source does with one message from JetStream besides: it reads the reply subject,
// notes the delivery, and forgets it.
//
//	go test -run '^$' -bench BenchmarkDelivery -count 6 ./source
func BenchmarkDelivery(b *testing.B) {
	var held deliveries
	m, now, n := &nats.Msg{Reply: exampleReply}, time.Unix(1_700_000_000, 0), 0
	meter := rig.Start(b)
	for b.Loop() {
		meta, ok := parseReply(m.Reply)
		d, _ := held.add(m, meta.sequence, now)
		if _, last := held.remove(d, true); ok && last {
			n++
		}
	}
	meter.Stop(n)
}

// BenchmarkAcks is what acknowledgements cost, the server's part included: Acks, and the client's own Ack, one after
// the other. All of them reach the server and count there.
//
//	go test -run '^$' -bench BenchmarkAcks -count 6 ./source
func BenchmarkAcks(b *testing.B) {
	b.Run("acks", func(b *testing.B) {
		benchmarkAcks(b, func(b *testing.B, conn *nats.Conn, deliveries []*nats.Msg) {
			acks := NewAcks(conn)
			for _, m := range deliveries {
				if err := acks.done(m.Reply, false); err != nil {
					b.Fatal(err)
				}
			}
			if err := acks.Flush(time.Now().Add(time.Minute)); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("client", func(b *testing.B) {
		benchmarkAcks(b, func(b *testing.B, conn *nats.Conn, deliveries []*nats.Msg) {
			for _, m := range deliveries {
				if err := m.Ack(); err != nil {
					b.Fatal(err)
				}
			}
			if err := conn.FlushTimeout(time.Minute); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// benchmarkAcks measures what acknowledges b.N deliveries and waits until the server has read that.
func benchmarkAcks(b *testing.B, acknowledge func(b *testing.B, conn *nats.Conn, deliveries []*nats.Msg)) {
	conn, err := nats.Connect(rig.NATS(b))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	js := rig.Fill(b, conn, "acks", b.N, 1, []byte("x"))
	consumer, err := js.CreateConsumer(b.Context(), "acks", jetstream.ConsumerConfig{
		Durable: "bench", AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Hour, MaxAckPending: -1,
	})
	if err != nil {
		b.Fatal(err)
	}
	deliveries := pullAll(b, conn, "acks", "bench", b.N)
	meter := rig.Start(b)
	acknowledge(b, conn, deliveries)
	b.StopTimer()
	// The server works acknowledgements off on another goroutine than the one that reads them.
	acknowledged := 0
	for end := time.Now().Add(20 * time.Second); acknowledged < b.N && time.Now().Before(end); {
		info, err := consumer.Info(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		acknowledged = int(info.AckFloor.Stream)
	}
	meter.Stop(acknowledged)
}

// pullAll pulls n messages of a consumer.
func pullAll(b *testing.B, conn *nats.Conn, stream, consumer string, n int) []*nats.Msg {
	b.Helper()
	sub, err := conn.SubscribeSync(conn.NewInbox())
	if err != nil {
		b.Fatal(err)
	}
	if err := sub.SetPendingLimits(-1, -1); err != nil {
		b.Fatal(err)
	}
	request, err := json.Marshal(pullRequest{Batch: n, Expires: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	if err := conn.PublishRequest("$JS.API.CONSUMER.MSG.NEXT."+stream+"."+consumer, sub.Subject, request); err != nil {
		b.Fatal(err)
	}
	deliveries := make([]*nats.Msg, n)
	for i := range deliveries {
		m, err := sub.NextMsgWithContext(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if m.Reply == "" {
			b.Fatalf("after %d of %d messages: %v", i, n, m.Header)
		}
		deliveries[i] = m
	}
	return deliveries
}
