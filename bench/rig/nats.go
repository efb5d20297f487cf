package rig

import (
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// NATS starts a server with JetStream on loopback, which ends with the test, and returns its URL.
func NATS(tb testing.TB) string {
	tb.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: tb.TempDir(),
	})
	if err != nil {
		tb.Fatal(err)
	}
	s.Start()
	tb.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		tb.Fatal("the NATS server is not ready")
	}
	return s.ClientURL()
}

// Fill makes a stream in memory of the subjects "NAME.>" and puts n messages into it, on so many subjects in turn.
func Fill(tb testing.TB, conn *nats.Conn, name string, n, subjects int, payload []byte) jetstream.JetStream {
	tb.Helper()
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(1024))
	if err != nil {
		tb.Fatal(err)
	}
	stream, err := js.CreateStream(tb.Context(), jetstream.StreamConfig{
		Name: name, Subjects: []string{name + ".>"},
		Storage: jetstream.MemoryStorage,
	})
	if err != nil {
		tb.Fatal(err)
	}
	names := Subjects(name, subjects)
	for i := range n {
		if _, err := js.PublishAsync(names[i%subjects], payload); err != nil {
			tb.Fatal(err)
		}
	}
	select {
	case <-js.PublishAsyncComplete():
	case <-tb.Context().Done():
		tb.Fatal(tb.Context().Err())
	}
	info, err := stream.Info(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	if info.State.Msgs != uint64(n) {
		tb.Fatalf("the stream has %d of %d messages", info.State.Msgs, n)
	}
	return js
}

// Subjects are n subjects that begin with a name.
func Subjects(name string, n int) []string {
	subjects := make([]string, n)
	for i := range subjects {
		subjects[i] = name + ".device." + strconv.Itoa(i)
	}
	return subjects
}
