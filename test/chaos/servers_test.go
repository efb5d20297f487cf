package chaos

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

// natsServer is a nats-server process, or one of a cluster, and the test's own connection.
type natsServer struct {
	*lab.NATS
	t    *testing.T
	conn *nats.Conn
	js   jetstream.JetStream
}

func startNATS(t *testing.T) *natsServer {
	t.Helper()
	server, err := rig.StartNATS(t.Context())
	must(t, err)
	t.Cleanup(server.Close)
	return connected(t, server)
}

// connected connects to servers, the first of which daemons are told of.
func connected(t *testing.T, servers ...*lab.NATS) *natsServer {
	t.Helper()
	conn, js, err := lab.Connect(servers...)
	must(t, err)
	t.Cleanup(conn.Close)
	return &natsServer{NATS: servers[0], t: t, conn: conn, js: js}
}

// restart ends the server and starts it again.
func (s *natsServer) restart() {
	s.t.Helper()
	_ = s.Stop()
	must(s.t, s.Start(s.t.Context()))
}

// stream creates a stream.
func (s *natsServer) stream(name string, subjects ...string) jetstream.Stream {
	s.t.Helper()
	stream, err := s.js.CreateStream(s.t.Context(), jetstream.StreamConfig{Name: name, Subjects: subjects})
	must(s.t, err)
	return stream
}

// consumer creates the consumer of the route s, with an AckWait of its own.
func (s *natsServer) consumer(stream jetstream.Stream, ackWait time.Duration) jetstream.Consumer {
	s.t.Helper()
	c, err := stream.CreateOrUpdateConsumer(s.t.Context(), consumerConfig(ackWait))
	must(s.t, err)
	return c
}

func consumerConfig(ackWait time.Duration) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable: "momento-bridge-s", AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait, FilterSubject: "s.>",
		MaxAckPending: 100_000,
	}
}

// publish stores messages, numbered from first on, each on one of ten subjects, and waits until the server has them.
func (s *natsServer) publish(first, n int) {
	s.t.Helper()
	s.publishOn("s", first, n)
}

// publishOn does the same under another first token.
func (s *natsServer) publishOn(token string, first, n int) {
	s.t.Helper()
	for i := first; i < first+n; i++ {
		s.send(fmt.Sprintf("%s.%d", token, i%10), strconv.AppendInt(nil, int64(i), 10))
	}
	s.stored()
}

// send publishes a message to a stream without waiting for the server.
func (s *natsServer) send(subject string, payload []byte) {
	s.t.Helper()
	if _, err := s.js.PublishAsync(subject, payload, jetstream.WithStallWait(time.Minute)); err != nil {
		s.t.Error(err)
	}
}

// stored waits until the server has what was sent.
func (s *natsServer) stored() { <-s.js.PublishAsyncComplete() }

// settled reports whether the consumer has nothing pending and nothing unacknowledged.
func (s *natsServer) settled() bool {
	c, err := s.js.Consumer(s.t.Context(), "S", "momento-bridge-s")
	return err == nil && c.CachedInfo().NumPending == 0 && c.CachedInfo().NumAckPending == 0
}

// awaitSettled waits until it is so.
func (s *natsServer) awaitSettled() {
	s.t.Helper()
	lab.Eventually(s.t, 2*patience, "everything is acknowledged", s.settled)
}
