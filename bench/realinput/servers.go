package main

import (
	"context"
	"strings"

	"momento-bridge/bench/lab"
)

// servers are the programs around the daemon.
type servers struct {
	*lab.Lab
	endpoint string // host:port of nginx.
	status   *status
}

// startServers builds the programs, and starts nats-server and nginx.
func startServers(ctx context.Context, nginx string) (*servers, error) {
	l, err := lab.New(ctx)
	s := &servers{Lab: l}
	if err != nil {
		return s, err
	}
	counters, err := lab.FreePort()
	if err != nil {
		return s, err
	}
	if s.endpoint, err = lab.FreePort(); err != nil {
		return s, err
	}
	s.status = &status{url: "http://" + counters + "/status"}
	config := strings.NewReplacer("ENDPOINT", s.endpoint, "COUNTERS", counters).Replace(nginxConfig)
	return s, s.StartNginx(ctx, nginx, config, s.endpoint)
}

// startDaemon starts the bridge towards nginx and waits until it is ready.
func (s *servers) startDaemon(ctx context.Context, args ...string) (*lab.Daemon, error) {
	return s.StartDaemon(ctx, append([]string{"--endpoint", "http://" + s.endpoint, "--cache", "bench", "--rate", "unlimited", "--ordering", "none"}, args...)...)
}

// nginxConfig answers every publish with 204 and never closes a connection by itself. ENDPOINT and COUNTERS stand for addresses.
const nginxConfig = `
worker_processes 1;
daemon off;
pid %[1]s/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_body_temp_path %[1]s/body;
  client_body_buffer_size 64k;
  server { listen ENDPOINT backlog=1024; location /topics/ { return 204; } }
  server { listen COUNTERS; location = /status { stub_status; } }
}
`
