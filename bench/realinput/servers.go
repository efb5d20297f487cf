package main

import (
	"context"

	"momento-bridge/test/lab"
)

// servers are the programs around the daemon.
type servers struct {
	*lab.Lab
	endpoint *lab.Accepting
}

// startServers builds the programs, and starts nats-server and nginx.
func startServers(ctx context.Context, nginx string) (*servers, error) {
	l, err := lab.NewWithNATS(ctx)
	if err != nil {
		return nil, err
	}
	endpoint, err := l.StartAccepting(ctx, nginx)
	if err != nil {
		l.Stop()
		return nil, err
	}
	return &servers{l, endpoint}, nil
}

// startDaemon starts the bridge towards nginx and waits until it is ready.
func (s *servers) startDaemon(ctx context.Context, args ...string) (*lab.Daemon, error) {
	return s.StartDaemon(ctx, append([]string{
		"--endpoint", "http://" + s.endpoint.Address, "--cache", "bench",
		"--rate", "unlimited", "--ordering", "none",
	}, args...)...)
}
