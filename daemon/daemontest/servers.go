package daemontest

import (
	"cmp"
	"context"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/emulator"
	"momento-bridge/test/lab"
)

// StartNATS starts a NATS server, which ends with the test, at the port of o, or at any that is free.
func StartNATS(t *testing.T, o *server.Options) *server.Server {
	t.Helper()
	o.Host, o.Port, o.NoSigs, o.NoLog = "127.0.0.1", cmp.Or(o.Port, server.RANDOM_PORT), true, true
	o.AuthTimeout = time.Minute.Seconds() // For clients on a busy machine.
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the NATS server is not ready")
	}
	return s
}

// Connect connects to a NATS server until the test ends, and waits for its answers however busy the machine is.
func Connect(t *testing.T, url string, more ...nats.Option) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	conn, err := nats.Connect(url, append(more, nats.Timeout(time.Minute))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return conn, js
}

// Port returns a port for a server that ends and starts again: nobody takes it meanwhile who asks for any.
func Port(t *testing.T) int {
	t.Helper()
	_, text, err := net.SplitHostPort(lab.FreeAddress())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// StartEmulator starts a stand-in for the endpoint at a free port, which ends with the test, and returns its URL.
func StartEmulator(t *testing.T, cfg emulator.Config) (e *emulator.Server, url string) {
	t.Helper()
	e, err := emulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = e.Serve(ctx, ln) }()
	t.Cleanup(func() { cancel(); <-done })
	return e, "http://" + ln.Addr().String()
}
