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
	l, err := lab.New(ctx)
	s := &servers{Lab: l}
	if err != nil {
		return s, err
	}
	s.endpoint, err = l.StartAccepting(ctx, nginx)
	return s, err
}

// startDaemon starts the bridge towards nginx and waits until it is ready.
func (s *servers) startDaemon(ctx context.Context, args ...string) (*lab.Daemon, error) {
	return s.StartDaemon(ctx, append([]string{"--endpoint", "http://" + s.endpoint.Address, "--cache", "bench", "--rate", "unlimited", "--ordering", "none"}, args...)...)
}
