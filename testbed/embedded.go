//go:build !slim

package testbed

import (
	"fmt"
	"os"

	"github.com/nats-io/nats-server/v2/server"
)

// HasNATS says whether this build can start a NATS server in its process. The build tag slim leaves it out.
const HasNATS = true

// natsServer is a server with JetStream in this process.
type natsServer struct {
	dir    string
	server *server.Server
}

// startNATS starts one on a free port.
func startNATS() (*natsServer, error) {
	dir, err := os.MkdirTemp("", "momento-bridge-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary directory: %w\nset TMPDIR to a directory that may be written", err)
	}
	s := &natsServer{dir: dir}
	s.server, err = server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true,
	})
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("start the NATS server: %w", err)
	}
	s.server.Start()
	if !s.server.ReadyForConnections(natsTimeout) {
		_ = s.stop()
		return nil, fmt.Errorf("the NATS server did not start within %v", natsTimeout)
	}
	return s, nil
}

func (s *natsServer) url() string { return s.server.ClientURL() }

// stop ends it, and removes what it has stored.
func (s *natsServer) stop() error {
	s.server.Shutdown()
	s.server.WaitForShutdown()
	return os.RemoveAll(s.dir)
}
