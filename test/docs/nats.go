package docs

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// natsServer is a page's server.
type natsServer struct{ server *server.Server }

// startNATS starts a server with JetStream, and makes the streams that pages take for granted unless it is to be empty.
func startNATS(port int, dir string, empty bool) (*natsServer, error) {
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true,
	})
	if err != nil {
		return nil, fmt.Errorf("make a NATS server: %w", err)
	}
	go s.Start()
	n := &natsServer{s}
	if !s.ReadyForConnections(time.Minute) {
		n.stop()
		return nil, fmt.Errorf("the NATS server on port %d does not start", port)
	}
	if empty {
		return n, nil
	}
	if err := n.fill(); err != nil {
		n.stop()
		return nil, err
	}
	return n, nil
}

func (n *natsServer) fill() error {
	conn, err := nats.Connect(n.server.ClientURL(), nats.Timeout(time.Minute))
	if err != nil {
		return fmt.Errorf("connect to NATS: %w", err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	for name, subject := range map[string]string{"ORDERS": "orders.>", "DEAD": "dead.>"} {
		cfg := jetstream.StreamConfig{Name: name, Subjects: []string{subject}}
		if _, err := js.CreateStream(context.Background(), cfg); err != nil {
			return fmt.Errorf("create a stream: %w", err)
		}
	}
	return nil
}

func (n *natsServer) stop() {
	n.server.Shutdown()
	n.server.WaitForShutdown()
}
