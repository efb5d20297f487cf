package show

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
)

// Config is what differs between labs.
type Config struct {
	Caches []string // That exist at the endpoint.
	Rate   float64  // The endpoint's quota per second; 0: none.
	Orders int      // Messages that wait in the stream ORDERS when the daemon starts.
}

// routes are the daemon's: one from each kind of source, and one into a cache of its own.
const routes = `
  - {name: orders, stream: ORDERS, subject: "orders.>", cache: shop, topic: "orders-{{wildcard(1)}}"}
  - {name: prices, subject: "prices.>", cache: shop, overload: keep-latest}
  - {name: audit, stream: AUDIT, subject: "audit.>", cache: audit}
`

// streams are those of the routes.
var streams = map[string]string{"ORDERS": "orders.>", "AUDIT": "audit.>"}

// Lab is a daemon with a NATS server and an endpoint.
type Lab struct {
	Admin    string // The URL of the daemon's listener.
	NATS     *nats.Conn
	endpoint string
	dir      string
	programs Programs
	config   string
	address  string
	daemon   *process
	others   []*process
}

// Start starts a lab in dir, and waits until the daemon answers.
func Start(ctx context.Context, programs Programs, dir string, cfg Config) (*Lab, error) {
	l := &Lab{dir: dir, programs: programs}
	if err := l.start(ctx, cfg); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func (l *Lab) start(ctx context.Context, cfg Config) error {
	addresses, err := freeAddresses(3)
	if err != nil {
		return err
	}
	server, endpoint := addresses[0], addresses[1]
	l.address, l.Admin, l.endpoint = addresses[2], "http://"+addresses[2], "http://"+endpoint
	_, port, _ := net.SplitHostPort(server)
	if err := l.run(l.programs.NATS, "-a", "127.0.0.1", "-p", port, "-js", "-sd", filepath.Join(l.dir, "jetstream")); err != nil {
		return err
	}
	args := []string{"emulator", "--listen", endpoint, "--latency", "4ms", "--jitter", "3ms", "--rate", fmt.Sprint(cfg.Rate)}
	for _, cache := range cfg.Caches {
		args = append(args, "--cache", cache)
	}
	if err := l.run(l.programs.Bridge, args...); err != nil {
		return err
	}
	if err := eventually(ctx, 15*time.Second, "nats-server and the emulator listen", func() bool { return listens(server) && listens(endpoint) }); err != nil {
		return err
	}
	if err := l.connect(ctx, "nats://"+server); err != nil {
		return err
	}
	if err := l.configure("nats://" + server); err != nil {
		return err
	}
	if err := l.publish("orders", cfg.Orders); err != nil {
		return err
	}
	return l.StartDaemon(ctx)
}

// run starts a process that lives as long as the lab.
func (l *Lab) run(program string, args ...string) error {
	p, err := startProcess(program, args...)
	if err != nil {
		return err
	}
	l.others = append(l.others, p)
	return nil
}

// connect connects to the NATS server and creates the streams.
func (l *Lab) connect(ctx context.Context, url string) error {
	conn, err := nats.Connect(url)
	if err != nil {
		return fmt.Errorf("connect to the NATS server: %w", err)
	}
	l.NATS = conn
	js, err := conn.JetStream()
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	for name, subject := range streams {
		if _, err := js.AddStream(&nats.StreamConfig{Name: name, Subjects: []string{subject}}, nats.Context(ctx)); err != nil {
			return fmt.Errorf("create the stream %s: %w", name, err)
		}
	}
	return nil
}

// configure writes the daemon's configuration.
func (l *Lab) configure(url string) error {
	key := filepath.Join(l.dir, "key")
	text := fmt.Sprintf("nats: {url: %q}\nmomento: {endpoint: %q, api_key_file: %q}\nlimits: {rate: auto}\nroutes:%s", url, l.endpoint, key, routes)
	l.config = filepath.Join(l.dir, "config.yaml")
	return errors.Join(os.WriteFile(key, []byte("a-key"), 0o600), os.WriteFile(l.config, []byte(text), 0o600))
}

// StartDaemon starts the daemon, and waits until it answers.
func (l *Lab) StartDaemon(ctx context.Context) error {
	var err error
	if l.daemon, err = startProcess(l.programs.Bridge, "run", "-c", l.config, "--admin-listen", l.address); err != nil {
		return err
	}
	err = eventually(ctx, 15*time.Second, "the daemon answers", func() bool { return listens(l.address) })
	if err != nil {
		return fmt.Errorf("%w\n%s", err, l.daemon.output.String())
	}
	return nil
}

// StopDaemon stops the daemon as an operator would.
func (l *Lab) StopDaemon() { l.daemon.stop() }

// Freeze lets the daemon stand still, with its connections, until Thaw.
func (l *Lab) Freeze() { _ = l.daemon.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw lets it go on.
func (l *Lab) Thaw() { _ = l.daemon.cmd.Process.Signal(syscall.SIGCONT) }

// Close ends everything.
func (l *Lab) Close() {
	if l.NATS != nil {
		l.NATS.Close()
	}
	if l.daemon != nil {
		l.daemon.stop()
	}
	for _, p := range l.others {
		p.stop()
	}
}

// Endpoint changes what the endpoint does: JSON as the emulator takes it.
func (l *Lab) Endpoint(ctx context.Context, settings string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, l.endpoint+"/_emulator/settings", strings.NewReader(settings))
	if err != nil {
		return fmt.Errorf("ask the emulator: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask the emulator: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the emulator answers %s to %s", resp.Status, settings)
	}
	return nil
}

// Status is what the daemon says of itself, as far as it is looked at here.
type Status struct {
	State   string
	Summary string
	Rates   struct{ In, Out, Refused float64 }
	Queue   struct {
		Waiting  int
		InFlight int `json:"in_flight"`
	}
	Routes []struct {
		Name     string
		State    string
		Received int
		Settled  map[string]int
	}
}

// Status asks the daemon.
func (l *Lab) Status(ctx context.Context) (Status, error) {
	var s Status
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.Admin+"/api/v1/status", nil)
	if err != nil {
		return s, fmt.Errorf("ask for the status: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return s, fmt.Errorf("ask for the status: %w", err)
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(resp.Body); err != nil {
		return s, fmt.Errorf("read the status: %w", err)
	}
	if err := json.Unmarshal(text.Bytes(), &s); err != nil {
		return s, fmt.Errorf("read the status: %w: %.200s", err, text.String())
	}
	return s, nil
}
