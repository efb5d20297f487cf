package lab

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Daemon is the bridge as a process of its own, at the same address each time it is started.
type Daemon struct {
	*Process // The latest; nil before Start.
	Address  string
	Admin    string // The URL of its admin listener, which is at Address.
	// Prepare, if there is one, changes the command before it is started.
	Prepare func(*exec.Cmd)

	lab  *Lab
	args []string
}

// NewDaemon prepares a daemon with flags of `run`, besides that of the admin listener.
func (l *Lab) NewDaemon(args ...string) *Daemon {
	address := FreeAddress()
	d := &Daemon{lab: l, Address: address, Admin: "http://" + address, args: []string{"run", "--admin-listen", address}}
	if l.NATS != nil {
		d.args = append(d.args, "--nats-url", l.NATS.URL)
	}
	d.args = append(d.args, args...)
	return d
}

// Start starts the daemon, or starts it again, without waiting until it is ready.
func (d *Daemon) Start() (err error) {
	cmd := exec.Command(d.lab.Bridge, d.args...)
	cmd.Env = append(os.Environ(), "MOMENTO_API_KEY=a-key-for-nobody")
	if d.Prepare != nil {
		d.Prepare(cmd)
	}
	d.Process, err = d.lab.StartCommand(cmd)
	return err
}

// StartDaemon starts a daemon with flags and waits until it is ready.
func (l *Lab) StartDaemon(ctx context.Context, args ...string) (*Daemon, error) {
	d := l.NewDaemon(args...)
	if err := d.Start(); err != nil {
		return nil, err
	}
	err := Await(ctx, time.Minute, "the daemon is ready", func() bool { return d.Ready() || d.Ended() })
	if err != nil || d.Ended() {
		_ = d.Stop()
		return nil, fmt.Errorf("the daemon did not become ready:\n%s", Brief(d.Output()))
	}
	return d, nil
}

// StartConfigured starts a daemon with the text of a configuration file and waits until it is ready.
func (l *Lab) StartConfigured(ctx context.Context, config string) (*Daemon, error) {
	file, err := l.Write("config.yaml", config)
	if err != nil {
		return nil, err
	}
	return l.StartDaemon(ctx, "-c", file)
}

// Get reads a page of the admin listener, within ten seconds. Its status is 0 if there is no answer.
func (d *Daemon) Get(path string) (status int, body string) {
	client := http.Client{Timeout: 10 * time.Second}
	resp, err := client.Get(d.Admin + path)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	return resp.StatusCode, string(text)
}

// Post sends a command to the admin listener, such as /api/v1/pause?route=orders. It waits for the answer.
func (d *Daemon) Post(ctx context.Context, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Admin+path, http.NoBody)
	if err != nil {
		return fmt.Errorf("ask the daemon: %w", err)
	}
	req.Header.Set("X-Momento-Bridge", "1")
	return expectOK(req)
}

// Ready reports whether /readyz answers 200.
func (d *Daemon) Ready() bool {
	status, _ := d.Get("/readyz")
	return status == http.StatusOK
}

// Metrics are what a daemon exports at one moment, as text; empty if it does not answer.
type Metrics string

// Metrics reads what the daemon exports now.
func (d *Daemon) Metrics() Metrics {
	_, body := d.Get("/metrics")
	return Metrics(body)
}

// Metric reads what the daemon exports now, and returns the sum of a metric as Metrics.Sum does.
func (d *Daemon) Metric(name, labels string) float64 { return d.Metrics().Sum(name, labels) }

// Sum returns the sum of a metric over its children whose labels contain the text; -1 if there is none.
func (m Metrics) Sum(name, labels string) float64 {
	sum, found := 0.0, false
	for of, v := range m.children(name) {
		if strings.Contains(of, labels) {
			sum, found = sum+v, true
		}
	}
	if !found {
		return -1
	}
	return sum
}

// By returns the sums of a metric by the values of a label, without those that are zero.
func (m Metrics) By(name, label string) map[string]int {
	all := map[string]int{}
	for of, v := range m.children(name) {
		_, rest, _ := strings.Cut(of, label+`="`)
		if value, _, ok := strings.Cut(rest, `"`); ok && v > 0 {
			all[value] += int(v)
		}
	}
	return all
}

// children are the labels and the value of each child.
func (m Metrics) children(name string) iter.Seq2[string, float64] {
	return func(yield func(string, float64) bool) {
		for line := range strings.Lines(string(m)) {
			rest, ok := strings.CutPrefix(line, name)
			if !ok || !strings.HasPrefix(rest, "{") && !strings.HasPrefix(rest, " ") {
				continue
			}
			rest = strings.TrimSpace(rest)
			at := strings.LastIndexByte(rest, ' ')
			if v, err := strconv.ParseFloat(rest[at+1:], 64); err == nil && !yield(rest[:at+1], v) {
				return
			}
		}
	}
}
