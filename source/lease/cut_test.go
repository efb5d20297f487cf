package lease

import (
	"bytes"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"momento-bridge/source"
)

// cutter is a connection that breaks instead of asking for the consumer of a watch, for the first time that any does.
type cutter struct {
	net.Conn
	asked chan time.Time // When each was asked for.
}

func (c cutter) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("CONSUMER.CREATE.KV_")) {
		select {
		case c.asked <- time.Now():
		default:
		}
		if len(c.asked) == 1 {
			_ = c.Close()
		}
	}
	return c.Conn.Write(b)
}

// watchedAgain returns how long after its connection broke a replica asks again for the watch that it was opening.
func watchedAgain(t *testing.T, url string) time.Duration {
	t.Helper()
	asked := make(chan time.Time, 2)
	conn, err := source.Connect(source.ConnectConfig{URL: url, Dial: func(network, address string) (net.Conn, error) {
		conn, err := net.Dial(network, address)
		return cutter{conn, asked}, err
	}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cfg := patient()
	cfg.Life, cfg.Group, cfg.Bucket = nats.NewInbox(), "g", "B"
	r := &replica{Manager: New(conn, source.NewAcks(conn), cfg, slog.New(slog.DiscardHandler))}
	r.For("r", 0)
	go func() { _ = r.Run(t.Context()) }()
	within(t, "asked for the watch again", func() bool { return len(asked) == 2 })
	first := <-asked
	return (<-asked).Sub(first)
}

func TestAnAnswerThatIsLostWithTheConnectionIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	url := startServer(t, server.Options{}).ClientURL()
	free(t, url, "r")
	var took time.Duration
	for range 3 { // A busy machine may be late.
		if took = watchedAgain(t, url); took < openTimeout {
			return
		}
	}
	t.Errorf("the watch is opened again after %v, as long as an answer may take", took)
}
