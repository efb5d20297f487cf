package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// StartNginx starts nginx with a configuration, in which DIR stands for its directory, and waits until it listens.
func (l *Lab) StartNginx(ctx context.Context, nginx, config, address string) (*Process, error) {
	dir, err := l.Scratch("nginx")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(config, "DIR", dir)), 0o600); err != nil {
		return nil, fmt.Errorf("write nginx's configuration: %w", err)
	}
	p, err := l.Start(nginx, "-p", dir, "-e", filepath.Join(dir, "error.log"), "-c", file)
	if err != nil {
		return nil, fmt.Errorf("%w (nginx is Debian's package nginx-light)", err)
	}
	return p, AwaitListener(ctx, address)
}

// limited is nginx with a limiter of its own, a leaky bucket. The words in capitals stand for addresses, files and
// numbers.
const limited = `
worker_processes 1;
daemon off;
pid DIR/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_body_temp_path DIR/body;
  client_body_buffer_size 64k;
  limit_req_zone $server_name zone=quota:1m rate=RATEr/s;
  limit_req_status 429;
  limit_req_log_level info;
  log_format answers '$msec $status';
  split_clients "$request_id" $noise { NOISE * ""; }
  server {
    listen ADDRESS backlog=1024;
    server_name _;
    access_log LOG answers;
    location /topics/ {
      if ($noise) { return 429; }
      limit_req zone=quota burst=BURST nodelay;
      proxy_pass http://ACCEPT;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
  server { listen ACCEPT; location / { return 204; } }
}
`

// StartLimitedNginx starts nginx that answers 429 to more than a rate, after a burst of a fifth of a second. It returns
// the address, and the file with a line for each answer: the second and the status.
func (l *Lab) StartLimitedNginx(ctx context.Context, nginx string, rate int) (address, log string, err error) {
	return l.StartNoisyNginx(ctx, nginx, rate, 0)
}

// StartNoisyNginx is StartLimitedNginx with an nginx that answers 429 to a percentage of the requests at random, too,
// before the rate is asked.
func (l *Lab) StartNoisyNginx(ctx context.Context, nginx string, rate int, percent float64) (address, log string,
	err error,
) {
	if log, err = l.Write("answers", ""); err != nil {
		return "", "", err
	}
	noise := ""
	if percent > 0 {
		noise = fmt.Sprintf("%.2f%% 1;", percent)
	}
	address = FreeAddress()
	config := strings.NewReplacer("LOG", log, "RATE", strconv.Itoa(rate), "BURST", strconv.Itoa(max(1, rate/5)),
		"ADDRESS", address, "ACCEPT", FreeAddress(), "NOISE", noise).Replace(limited)
	_, err = l.StartNginx(ctx, nginx, config, address)
	return address, log, err
}
