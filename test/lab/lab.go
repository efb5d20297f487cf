// Package lab runs the programs that a benchmark needs, each as a process of its own, on loopback: nats-server, the daemon, nginx, and an
// endpoint that records when requests come.
package lab

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

// Lab is a directory with the programs, and a nats-server with JetStream.
type Lab struct {
	Dir     string // Removed by Stop.
	Daemon  string // The program momento-bridge.
	NATSURL string
	Monitor string // The URL of nats-server's monitoring.
	NATS    int    // The process nats-server.

	processes []*exec.Cmd
}

// New builds the programs and starts nats-server. Stop must be called, also after an error.
func New(ctx context.Context) (*Lab, error) {
	dir, err := os.MkdirTemp("", "lab-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary directory: %w", err)
	}
	l := &Lab{Dir: dir, Daemon: filepath.Join(dir, "momento-bridge")}
	natsServer := filepath.Join(dir, "nats-server")
	for program, pkg := range map[string]string{l.Daemon: "momento-bridge/cmd/momento-bridge", natsServer: "github.com/nats-io/nats-server/v2"} {
		if err := l.Build(ctx, program, pkg); err != nil {
			return l, err
		}
	}
	address, err := FreePort()
	if err != nil {
		return l, err
	}
	monitor, err := FreePort()
	if err != nil {
		return l, err
	}
	l.NATSURL, l.Monitor = "nats://"+address, "http://"+monitor
	_, port, _ := net.SplitHostPort(address)
	_, monitorPort, _ := net.SplitHostPort(monitor)
	server, err := l.Start(natsServer, "-a", "127.0.0.1", "-p", port, "-m", monitorPort, "-js", "-sd", filepath.Join(dir, "jetstream"))
	if err != nil {
		return l, err
	}
	l.NATS = server.Process.Pid
	return l, AwaitPort(ctx, address)
}

// Build builds a program of this module or of one that it depends on.
func (l *Lab) Build(ctx context.Context, program, pkg string) error {
	build := exec.CommandContext(ctx, "go", "build", "-o", program, pkg)
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build %s: %w", pkg, err)
	}
	return nil
}

// Start starts a program that Stop will stop.
func (l *Lab) Start(program string, args ...string) (*exec.Cmd, error) {
	cmd := exec.Command(program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	l.processes = append(l.processes, cmd)
	return cmd, nil
}

// StartNginx starts nginx with a configuration, in which %[1]s stands for its directory, and waits until it listens.
func (l *Lab) StartNginx(ctx context.Context, nginx, config, address string) error {
	dir, err := os.MkdirTemp(l.Dir, "nginx-")
	if err != nil {
		return fmt.Errorf("make nginx's directory: %w", err)
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, config, dir), 0o600); err != nil {
		return fmt.Errorf("write nginx's configuration: %w", err)
	}
	if _, err := l.Start(nginx, "-p", dir, "-e", filepath.Join(dir, "error.log"), "-c", file); err != nil {
		return fmt.Errorf("%w (nginx is Debian's package nginx-light)", err)
	}
	return AwaitPort(ctx, address)
}

// Stop ends every program and waits for them, the latest first.
func (l *Lab) Stop() {
	for i := range l.processes {
		p := l.processes[len(l.processes)-1-i]
		if p.ProcessState == nil {
			_ = p.Process.Signal(syscall.SIGTERM)
			_ = p.Wait()
		}
	}
	os.RemoveAll(l.Dir)
}

// FreePort returns a loopback address that nobody listens on.
func FreePort() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer ln.Close()
	return "127.0.0.1:" + strconv.Itoa(ln.Addr().(*net.TCPAddr).Port), nil
}

// AwaitPort waits until somebody listens on an address.
func AwaitPort(ctx context.Context, address string) error {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			return conn.Close()
		}
	}
	return fmt.Errorf("nobody listens on %s", address)
}
