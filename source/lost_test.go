package source

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/pipeline"
)

// leaky passes on what two sides say to each other, except what the server says while it leaks.
type leaky struct {
	address string
	leaks   atomic.Bool

	mu    sync.Mutex
	conns []net.Conn
}

func startLeaky(t *testing.T, server string) *leaky {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &leaky{address: ln.Addr().String()}
	t.Cleanup(func() { ln.Close(); l.cut() })
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			back, err := net.Dial("tcp", server)
			if err != nil {
				client.Close()
				continue
			}
			l.mu.Lock()
			l.conns = append(l.conns, client, back)
			l.mu.Unlock()
			go func() { _, _ = io.Copy(back, client) }()
			go func() { _, _ = io.Copy(leakyWriter{l, client}, back) }()
		}
	}()
	return l
}

// cut ends all connections.
func (l *leaky) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.conns {
		conn.Close()
	}
	l.conns = nil
}

type leakyWriter struct {
	leaky *leaky
	conn  net.Conn
}

func (w leakyWriter) Write(b []byte) (int, error) {
	if w.leaky.leaks.Load() {
		return len(b), nil
	}
	return w.conn.Write(b)
}

// What was on its way when the connection ended comes again at once, although nobody cares for the order, and although
// the server would wait for an hour.
func TestWhatIsLostWithTheConnectionComesAgainSoon(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{JetStream: true, StoreDir: t.TempDir()})
	direct := connect(t, ConnectConfig{URL: s.ClientURL()})
	stream := newStream(t, direct, 0)
	consumer, err := stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{
		Durable: "momento-bridge-r", AckPolicy: jetstream.AckExplicitPolicy, AckWait: time.Hour,
		FilterSubject: "a.>",
	})
	if err != nil {
		t.Fatal(err)
	}
	leaky := startLeaky(t, strings.TrimPrefix(s.ClientURL(), "nats://"))
	src := newJetStream(t, connect(t, ConnectConfig{URL: "nats://" + leaky.address}))
	src.cfg.Ordered = false
	st := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 100, accepted)
	delivered := func() *jetstream.ConsumerInfo {
		info, err := consumer.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	eventually(t, "asking for messages", func() bool { return delivered().NumWaiting > 0 })
	leaky.leaks.Store(true)
	for range 10 {
		if _, err := jetStream(t, direct).Publish(t.Context(), "a.b", []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "delivered to nobody", func() bool { return delivered().NumAckPending == 10 })
	leaky.leaks.Store(false)
	leaky.cut()
	eventually(t, "published", st.published(10))
	if stats := st.stop(); stats.Settled[pipeline.Published] != 10 {
		t.Errorf("%d published, want each of 10 once", stats.Settled[pipeline.Published])
	}
}
