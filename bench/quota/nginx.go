package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"momento-bridge/test/lab"
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
  log_format answers '$msec $status';
  server {
    listen ADDRESS backlog=1024;
    server_name _;
    access_log LOG answers;
    location /topics/ { limit_req zone=quota burst=BURST nodelay; proxy_pass http://ACCEPT; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
  server { listen ACCEPT; location / { return 204; } }
}
`

// learnedFromNginx measures the same with nginx as the endpoint, by nginx's own log.
func learnedFromNginx(ctx context.Context, b *bench) error {
	quotas := []float64{100, 1000}
	if b.short {
		quotas = quotas[:1]
	}
	b.progress("nginx: %v/s, %v", quotas, learning+known)
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
	log := filepath.Join(b.Dir, fmt.Sprintf("limit-%g.log", quota))
	config := strings.NewReplacer("LOG", log, "RATE", fmt.Sprint(quota), "BURST", fmt.Sprint(quota/5), "ADDRESS", address, "ACCEPT", accept).Replace(nginxLimit)
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
	began := time.Now()
	time.Sleep(then)
	before, after, err := readAnswers(log, began, began.Add(then))
	if err != nil {
		return err
	}
	used := float64(after.accepted) / quota / then.Seconds()
	refused := share(after.refused, after.accepted)
	b.printTimed(used >= 0.95 && refused < 0.01, used >= b.loose(0.9, 0.8) && refused < b.loose(0.02, 0.05),
		"auto, nginx limit_req   %5g/s: %6.2f %% used, %.2f %% refused; %.2f %% refused while learning",
		quota, 100*used, 100*refused, 100*share(before.refused, before.accepted))
	return nil
}

// answers are what nginx has answered.
type answers struct{ accepted, refused int }

// readAnswers counts what nginx has logged before a time, and from then on to another time.
func readAnswers(log string, from, to time.Time) (before, after answers, err error) {
	file, err := os.Open(log)
	if err != nil {
		return before, after, fmt.Errorf("read nginx's log: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var at float64
		var status int
		if _, err := fmt.Sscan(lines.Text(), &at, &status); err != nil {
			continue // The last line, half written.
		}
		in := &before
		switch when := time.UnixMilli(int64(at * 1000)); {
		case !when.Before(to):
			continue
		case !when.Before(from):
			in = &after
		}
		switch status {
		case http.StatusNoContent:
			in.accepted++
		case http.StatusTooManyRequests:
			in.refused++
		default:
			return before, after, fmt.Errorf("nginx answered %d", status)
		}
	}
	return before, after, lines.Err()
}
