package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// servers are the programs around the daemon.
type servers struct {
	dir       string
	daemon    string // The program.
	natsURL   string
	endpoint  string // host:port of nginx.
	status    *status
	processes []*exec.Cmd
}

// startServers builds the daemon and nats-server, and starts the latter and nginx.
func startServers(ctx context.Context, dir, nginx string) (*servers, error) {
	s := &servers{dir: dir, daemon: filepath.Join(dir, "momento-bridge")}
	natsServer := filepath.Join(dir, "nats-server")
	for program, pkg := range map[string]string{s.daemon: "momento-bridge/cmd/momento-bridge", natsServer: "github.com/nats-io/nats-server/v2"} {
		build := exec.CommandContext(ctx, "go", "build", "-o", program, pkg)
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return nil, fmt.Errorf("build %s: %w", pkg, err)
		}
	}
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	s.natsURL, s.endpoint = "nats://"+ports[0], ports[1]
	s.status = &status{url: "http://" + ports[2] + "/status"}
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, nginxConfig, dir, dir, s.endpoint, ports[2]), 0o600); err != nil {
		return nil, fmt.Errorf("write nginx's configuration: %w", err)
	}
	if err := s.start(nginx, "-p", dir, "-e", filepath.Join(dir, "error.log"), "-c", config); err != nil {
		return nil, fmt.Errorf("%w (nginx is Debian's package nginx-light)", err)
	}
	_, port, _ := net.SplitHostPort(ports[0])
	if err := s.start(natsServer, "-a", "127.0.0.1", "-p", port, "-js", "-sd", filepath.Join(dir, "jetstream")); err != nil {
		s.stop()
		return nil, err
	}
	for _, address := range ports {
		if err := awaitPort(ctx, address); err != nil {
			s.stop()
			return nil, err
		}
	}
	return s, nil
}

// nginxConfig answers every publish with 204 and never closes a connection by itself. It is filled with the directory twice, and
// the addresses of the endpoint and of its counters.
const nginxConfig = `
worker_processes 1;
daemon off;
pid %s/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_body_temp_path %s/body;
  client_body_buffer_size 64k;
  server { listen %s backlog=1024; location /topics/ { return 204; } }
  server { listen %s; location = /status { stub_status; } }
}
`

func (s *servers) start(program string, args ...string) error {
	cmd := exec.Command(program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", program, err)
	}
	s.processes = append(s.processes, cmd)
	return nil
}

// stop ends the servers and waits for them.
func (s *servers) stop() {
	for _, p := range s.processes {
		_ = p.Process.Signal(syscall.SIGTERM)
		_ = p.Wait()
	}
}

// freePorts returns loopback addresses that nobody listens on.
func freePorts(n int) ([]string, error) {
	var addresses []string
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer ln.Close()
		addresses = append(addresses, "127.0.0.1:"+strconv.Itoa(ln.Addr().(*net.TCPAddr).Port))
	}
	return addresses, nil
}

func awaitPort(ctx context.Context, address string) error {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			return conn.Close()
		}
	}
	return fmt.Errorf("nobody listens on %s", address)
}
