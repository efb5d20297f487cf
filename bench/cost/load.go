package main

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

// load is the messages of a run.
type load struct {
	js       bool    // From a stream in a file, filled before; otherwise core NATS.
	tls      bool    // To nginx.
	rate     float64 // Messages per second; 0: as many as are carried.
	size     int     // Of a payload, in bytes.
	topics   int
	messages int // 0: as the flag says.
}

const consumerName = "bench"

func (l load) endpoint(a *lab.Accepting) string {
	if l.tls {
		return "https://" + a.Secure
	}
	return "http://" + a.Address
}

// prefix begins the subjects. Each kind of load has its own, as a stream takes all of a prefix.
func (l load) prefix() string {
	if !l.js {
		return "core"
	}
	return fmt.Sprintf("js%dx%dx%d", l.size, l.topics, l.messages)
}

func (l load) filter() string     { return l.prefix() + ".>" }
func (l load) stream() string     { return "S" + l.prefix() }
func (l load) subjects() []string { return lab.Subjects(l.prefix(), l.topics) }

// fill makes the stream if it is not there, and a consumer that starts at its beginning.
func (b *bench) fill(ctx context.Context, conn *nats.Conn, l load) error {
	js, err := jetstream.New(conn)
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	if !b.streams[l.stream()] {
		if err := lab.Fill(ctx, conn, l.stream(), l.filter(), l.subjects(), l.size, l.messages); err != nil {
			return err
		}
		b.streams[l.stream()] = true
	}
	_ = js.DeleteConsumer(ctx, l.stream(), consumerName) // The first time there is none.
	_, err = js.CreateConsumer(ctx, l.stream(), jetstream.ConsumerConfig{
		Durable: consumerName, AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Minute,
		MaxAckPending: maxAckPending,
	})
	if err != nil {
		return fmt.Errorf("create the consumer: %w", err)
	}
	return nil
}

// maxAckPending is the server's default.
const maxAckPending = 1000

// left is what the consumer has not delivered and what is not acknowledged.
func (b *bench) left(ctx context.Context, conn *nats.Conn, l load) (pending uint64, unacknowledged int, err error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return 0, 0, fmt.Errorf("use JetStream: %w", err)
	}
	consumer, err := js.Consumer(ctx, l.stream(), consumerName)
	if err != nil {
		return 0, 0, fmt.Errorf("look at the consumer: %w", err)
	}
	info := consumer.CachedInfo()
	return info.NumPending, info.NumAckPending, nil
}

// awaitSubscribed waits until somebody has subscribed to the load's subjects.
func (b *bench) awaitSubscribed(ctx context.Context, l load) error {
	return b.NATS.AwaitSubscribed(ctx, l.subjects()[0])
}

// window is how many messages may be on their way between core NATS and nginx, so that the clients, which cannot slow
// it down, have room for everything.
func (l load) window() int { return max(1, min(8192, mostPending/l.size)) }

// mostPending is how many bytes may wait in nats-server for a client, which it would cut off at 64 MiB.
const mostPending = 16 << 20

// publisher publishes core messages as fast as they are carried, or at a rate.
type publisher struct {
	conn      *nats.Conn
	load      load
	began     time.Time
	payload   []byte
	subjects  []string
	published int
}

func newPublisher(conn *nats.Conn, l load) *publisher {
	return &publisher{conn: conn, load: l, began: time.Now(), payload: make([]byte, l.size), subjects: l.subjects()}
}

// more publishes what may be on its way, given how much has arrived.
func (p *publisher) more(arrived int) error {
	todo := arrived + p.load.window() - p.published
	if p.load.rate > 0 {
		todo = int(time.Since(p.began).Seconds()*p.load.rate) - p.published
	}
	todo = min(todo, p.load.messages-p.published)
	if todo <= 0 {
		return nil
	}
	for range todo {
		if err := p.conn.Publish(p.subjects[p.published%p.load.topics], p.payload); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		p.published++
	}
	return p.conn.FlushTimeout(5 * time.Second)
}
