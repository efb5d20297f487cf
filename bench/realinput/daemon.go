package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// daemon is the bridge as a process of its own.
type daemon struct {
	cmd   *exec.Cmd
	admin string
}

// startDaemon starts the bridge and waits until it is ready.
func (s *servers) startDaemon(ctx context.Context, args ...string) (*daemon, error) {
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	d := &daemon{admin: "http://" + ports[0]}
	d.cmd = exec.Command(s.daemon, append([]string{
		"run", "--nats-url", s.natsURL, "--endpoint", "http://" + s.endpoint, "--cache", "bench",
		"--rate", "unlimited", "--ordering", "none", "--admin-listen", ports[0],
	}, args...)...)
	d.cmd.Env = append(os.Environ(), "MOMENTO_API_KEY=a-key-for-nginx")
	d.cmd.Stderr = os.Stderr
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the daemon: %w", err)
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get(d.admin + "/readyz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return d, nil
			}
		}
	}
	_ = d.stop()
	return nil, errors.New("the daemon did not become ready")
}

// stop sends SIGTERM and waits. A clean exit is no error.
func (d *daemon) stop() error {
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	return d.cmd.Wait()
}

// cpu is what the daemon has used in its life, known after stop.
func (d *daemon) cpu() time.Duration {
	return d.cmd.ProcessState.UserTime() + d.cmd.ProcessState.SystemTime()
}

// metrics returns the sum of each wanted metric over its children.
func (d *daemon) metrics(wanted ...string) (map[string]float64, error) {
	resp, err := http.Get(d.admin + "/metrics")
	if err != nil {
		return nil, fmt.Errorf("read the metrics: %w", err)
	}
	defer resp.Body.Close()
	sums := map[string]float64{}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		for _, name := range wanted {
			if !strings.HasPrefix(lines.Text(), name) {
				continue
			}
			fields := strings.Fields(lines.Text())
			if v, err := strconv.ParseFloat(fields[len(fields)-1], 64); err == nil {
				sums[name] += v
			}
		}
	}
	return sums, nil
}
