package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"momento-bridge/bench/lab"
)

// nginxLimit is an independent limiter: a leaky bucket with a burst of a fifth of a second.
const nginxLimit = `
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
  limit_req_zone $server_name zone=quota:1m rate=RATEr/s;
  limit_req_status 429;
  limit_req_log_level info;
  server {
    listen ADDRESS backlog=1024;
    server_name _;
    location /topics/ { limit_req zone=quota burst=BURST nodelay; proxy_pass http://ACCEPT; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
  server { listen ACCEPT; location / { return 204; } }
}
`

// learnedFromNginx measures the same with nginx as the endpoint.
func learnedFromNginx(ctx context.Context, b *bench) error {
	quotas := []float64{100, 1000}
	if b.short {
		quotas = quotas[:1]
	}
	return atOnce(quotas, func(quota float64) error { return learnFromNginx(ctx, b, quota) })
}

func learnFromNginx(ctx context.Context, b *bench, quota float64) error {
	address, err := lab.FreePort()
	if err != nil {
		return err
	}
	accept, err := lab.FreePort()
	if err != nil {
		return err
	}
	config := strings.NewReplacer("RATE", fmt.Sprint(quota), "BURST", fmt.Sprint(quota/5), "ADDRESS", address, "ACCEPT", accept).Replace(nginxLimit)
	b.mu.Lock()
	err = b.StartNginx(ctx, b.nginx, config, address)
	b.mu.Unlock()
	if err != nil {
		return err
	}
	r, err := b.newRoute(ctx)
	if err != nil {
		return err
	}
	defer r.close(ctx)
	first, then := b.length(learning, 18*time.Second), b.length(known, 12*time.Second)
	if err := r.fill(ctx, int(quota*1.3*(first+then).Seconds())+100, plain); err != nil {
		return err
	}
	d, err := b.bridge(ctx, r, bridgeConfig{endpoint: address, limits: "rate: auto"})
	if err != nil {
		return err
	}
	defer d.Kill()
	time.Sleep(first)
	before, err := attempts(d)
	if err != nil {
		return err
	}
	began := time.Now()
	time.Sleep(then)
	after, err := attempts(d)
	if err != nil {
		return err
	}
	used := float64(after.accepted-before.accepted) / quota / time.Since(began).Seconds()
	refused := share(after.refused-before.refused, after.accepted-before.accepted)
	b.print(used >= 0.95 && refused < 0.01, b.short || used >= 0.9 && refused < 0.02,
		"auto, nginx limit_req   %5g/s: %6.2f %% used, %.2f %% refused; %.2f %% refused while learning",
		quota, 100*used, 100*refused, 100*share(before.refused, before.accepted))
	return nil
}

// attemptCounts are the daemon's attempts.
type attemptCounts struct{ accepted, refused int }

func attempts(d *lab.Daemon) (attemptCounts, error) {
	const accepted, refused = `momento_bridge_publish_attempts_total{result="204"`, `momento_bridge_publish_attempts_total{result="429"`
	sums, err := d.Metrics(accepted, refused)
	return attemptCounts{int(sums[accepted]), int(sums[refused])}, err
}
