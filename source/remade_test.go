package source

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"momento-bridge/pipeline"
)

// cable is the way to a server, which can be cut.
type cable struct {
	net.Listener
	server string

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func newCable(t *testing.T, address string) *cable {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{Listener: ln, server: address}
	t.Cleanup(func() {
		_ = ln.Close()
		c.set(true)
	})
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			c.join(conn)
		}
	}()
	return c
}

func (c *cable) join(near net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	far, err := net.Dial("tcp", c.server)
	if c.conns = append(c.conns, near); err == nil {
		c.conns = append(c.conns, far)
	}
	if err != nil || c.cut {
		_ = near.Close()
		return
	}
	go func() { _, _ = io.Copy(near, far) }()
	go func() { _, _ = io.Copy(far, near) }()
}

// set cuts the cable, or mends it.
func (c *cable) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	if !cut {
		return
	}
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

// While the connection is away somebody may delete a stream with its consumer and make both anew. Nothing says so but
// the consumer's own numbers: sequences that were acknowledged are other messages now, and are told to subscribers as
// those of another stream.
func TestStreamAndConsumerMadeAnewBehindOurBackAreNoticed(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{JetStream: true, StoreDir: t.TempDir()})
	operator := connect(t, ConnectConfig{URL: s.ClientURL()})
	way := newCable(t, strings.TrimPrefix(s.ClientURL(), "nats://"))
	stream := newStream(t, operator, 5)
	src := newJetStream(t, connect(t, ConnectConfig{URL: "nats://" + way.Addr().String()}))
	src.cfg.Marked = true
	stage := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 1000, accepted)
	eventually(t, "published", stage.published(5))
	before := src.incarnation.Load()
	consumer, err := stream.Consumer(t.Context(), "momento-bridge-r")
	if err != nil {
		t.Fatal(err)
	}
	way.set(true)
	eventually(t, "disconnected", func() bool { return !src.conn.IsConnected() })
	if err := jetStream(t, operator).DeleteStream(t.Context(), "S"); err != nil {
		t.Fatal(err)
	}
	stream = newStream(t, operator, 3)
	if _, err := stream.CreateConsumer(t.Context(), consumer.CachedInfo().Config); err != nil {
		t.Fatal(err)
	}
	way.set(false)
	eventually(t, "published what the new stream has", stage.published(8))
	if after := src.incarnation.Load(); before == 0 || after == 0 || after == before {
		t.Errorf("the stream is %x to subscribers, and was %x", after, before)
	}
	stage.stop()
}

func TestBarrierKnowsADeliveryOfAnotherConsumer(t *testing.T) {
	t.Parallel()
	b := barrier{raised: make(chan struct{}, 1)}
	if b.goesBack(1) {
		t.Error("the first delivery goes back")
	}
	b.holds(7, 7, false)
	b.reason()
	b.inform(7, 7, 0, 0)
	b.open(nil)
	for consumer, want := range map[uint64]bool{7: true, 8: false, 9: false} {
		if got := b.goesBack(consumer); got != want {
			t.Errorf("after 7 deliveries, number %d goes back: %v", consumer, got)
		}
	}
	b.shared.Store(true)
	if b.goesBack(1) {
		t.Error("one of a consumer that is shared goes back")
	}
	b.shared.Store(false)
	b.raise("a test")
	if b.goesBack(1) {
		t.Error("one goes back while the numbers are not known")
	}
}
