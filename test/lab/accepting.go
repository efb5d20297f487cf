package lab

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
)

// Accepting is nginx that answers every publish with 204, never closes a connection by itself, and counts.
type Accepting struct {
	Address string // host:port, plain HTTP.
	Secure  string // host:port, TLS; CAFile signs it.
	CAFile  string
	Workers []int // The processes that answer.

	counters string
	conn     net.Conn // Kept for the readings.
	in       *bufio.Reader
	readings int
}

// acceptingConfig is nginx's configuration. The words in capitals stand for addresses and files.
const acceptingConfig = `
worker_processes 1;
daemon off;
pid DIR/nginx.pid;
events { worker_connections 8192; }
http {
  access_log off;
  server_tokens off;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_header_buffer_size 16k;
  large_client_header_buffers 8 64k;
  client_body_temp_path DIR/body;
  client_body_buffer_size 64k;
  server {
    listen PLAIN backlog=4096;
    listen SECURE ssl backlog=4096;
    ssl_certificate CERTIFICATE;
    ssl_certificate_key KEY;
    location /topics/ { return 204; }
  }
  server { listen COUNTERS; location = /status { stub_status; } }
}
`

// StartAccepting starts an Accepting, which Stop ends. nginx is the path of the program.
func (l *Lab) StartAccepting(ctx context.Context, nginx string) (*Accepting, error) {
	pair, err := NewCertificate(l.Dir)
	if err != nil {
		return nil, err
	}
	a := &Accepting{Address: FreeAddress(), Secure: FreeAddress(), CAFile: pair.File, counters: FreeAddress()}
	config := strings.NewReplacer("PLAIN", a.Address, "SECURE", a.Secure, "COUNTERS", a.counters,
		"CERTIFICATE", pair.File, "KEY", pair.KeyFile).Replace(acceptingConfig)
	process, err := l.StartNginx(ctx, nginx, config, a.Address)
	if err != nil {
		return nil, err
	}
	a.Workers = children(process.PID())
	return a, nil
}

var countersLine = regexp.MustCompile(`(?m)^ (\d+) (\d+) (\d+) $`)

// Counters returns the connections accepted and the requests answered so far, without those of the readings, which
// share one connection.
func (a *Accepting) Counters() (connections, requests int, err error) {
	if a.conn == nil {
		if a.conn, err = net.Dial("tcp", a.counters); err != nil {
			return 0, 0, fmt.Errorf("read nginx's counters: %w", err)
		}
		a.in = bufio.NewReader(a.conn)
	}
	if _, err := io.WriteString(a.conn, "GET /status HTTP/1.1\r\nHost: status\r\n\r\n"); err != nil {
		return 0, 0, fmt.Errorf("read nginx's counters: %w", err)
	}
	a.readings++
	text, err := readAnswer(a.in)
	if err != nil {
		return 0, 0, fmt.Errorf("read nginx's counters: %w", err)
	}
	m := countersLine.FindSubmatch(text)
	if m == nil {
		return 0, 0, fmt.Errorf("nginx's counters are not as expected: %q", text)
	}
	connections, _ = strconv.Atoi(string(m[1]))
	requests, _ = strconv.Atoi(string(m[3]))
	return connections - 1, requests - a.readings, nil
}

// readAnswer returns the body of one answer with a Content-Length. It is no HTTP client, as reading every few
// milliseconds must cost little.
func readAnswer(in *bufio.Reader) ([]byte, error) {
	length := 0
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		line = strings.ToLower(strings.TrimSpace(line))
		if value, ok := strings.CutPrefix(line, "content-length: "); ok {
			length, _ = strconv.Atoi(value)
		}
		if line == "" {
			break
		}
	}
	body := make([]byte, length)
	_, err := io.ReadFull(in, body)
	return body, err
}
