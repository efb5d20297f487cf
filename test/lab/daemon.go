package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Daemon is the bridge as a process of its own.
type Daemon struct {
	Admin string // The URL of its admin listener.
	cmd   *exec.Cmd
}

// StartDaemon starts the bridge with flags and waits until it is ready.
func (l *Lab) StartDaemon(ctx context.Context, args ...string) (*Daemon, error) {
	address, err := FreePort()
	if err != nil {
		return nil, err
	}
	d := &Daemon{Admin: "http://" + address}
	d.cmd = exec.Command(l.Daemon, append([]string{"run", "--nats-url", l.NATSURL, "--admin-listen", address}, args...)...)
	d.cmd.Env = append(os.Environ(), "MOMENTO_API_KEY=a-key-for-nobody")
	log, err := os.CreateTemp(l.Dir, "daemon-*.log")
	if err != nil {
		return nil, fmt.Errorf("make the daemon's log: %w", err)
	}
	defer log.Close()
	d.cmd.Stderr = log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the daemon: %w", err)
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get(d.Admin + "/readyz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return d, nil
			}
		}
	}
	_ = d.Stop()
	text, _ := os.ReadFile(log.Name())
	return nil, errors.New("the daemon did not become ready:\n" + string(text))
}

// StartConfigured starts the bridge with a configuration file.
func (l *Lab) StartConfigured(ctx context.Context, config string) (*Daemon, error) {
	dir, err := os.MkdirTemp(l.Dir, "config-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the configuration: %w", err)
	}
	file := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, fmt.Errorf("write the configuration: %w", err)
	}
	return l.StartDaemon(ctx, "-c", file)
}

// Stop sends SIGTERM and waits. A clean exit is no error. It may be called twice.
func (d *Daemon) Stop() error {
	if d.cmd.ProcessState != nil {
		return nil
	}
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	return d.cmd.Wait()
}

// Kill ends the daemon at once.
func (d *Daemon) Kill() {
	if d.cmd.ProcessState == nil {
		_ = d.cmd.Process.Kill()
		_ = d.cmd.Wait()
	}
}

// PID is the daemon's process.
func (d *Daemon) PID() int { return d.cmd.Process.Pid }

// CPU is what the daemon has used in its life, known after Stop.
func (d *Daemon) CPU() time.Duration {
	return d.cmd.ProcessState.UserTime() + d.cmd.ProcessState.SystemTime()
}

// Metrics returns the sum over the children of each metric whose line, up to the last label given, begins as wanted.
func (d *Daemon) Metrics(wanted ...string) (map[string]float64, error) {
	resp, err := http.Get(d.Admin + "/metrics")
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
