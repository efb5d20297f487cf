package show

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"syscall"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/test/lab"
)

// Config is what differs.
type Config struct {
	Caches []string // That exist at the endpoint.
	Rate   float64  // The endpoint's quota per second; 0: none.
	Routes string   // More than the usual ones, in the configuration's form.
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

// Show is a daemon with a NATS server and an endpoint. Lab's Stop ends it, too.
type Show struct {
	Admin    string // The URL of the daemon's listener.
	conn     *nats.Conn
	daemon   *lab.Daemon
	server   *lab.NATS
	endpoint *lab.Emulator
}

// Start starts all, and waits until the daemon answers.
func Start(ctx context.Context, l *lab.Lab, cfg Config) (*Show, error) {
	s := &Show{}
	if err := s.start(ctx, l, cfg); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Show) start(ctx context.Context, l *lab.Lab, cfg Config) (err error) {
	if s.server, err = l.StartNATS(ctx); err != nil {
		return err
	}
	args := []string{"--latency", "4ms", "--jitter", "3ms", "--rate", fmt.Sprint(cfg.Rate)}
	for _, cache := range cfg.Caches {
		args = append(args, "--cache", cache)
	}
	if s.endpoint, err = l.StartEmulator(ctx, args...); err != nil {
		return err
	}
	if err := s.connect(ctx); err != nil {
		return err
	}
	if err := s.publish("orders", cfg.Orders); err != nil {
		return err
	}
	key, noKey := l.Write("key", "a-key")
	config, noConfig := l.Write("config.yaml", fmt.Sprintf(
		"nats: {url: %q}\nmomento: {endpoint: %q, api_key_file: %q}\nlimits: {rate: auto}\nroutes:%s",
		s.server.URL, s.endpoint.URL, key, routes+cfg.Routes))
	if err := errors.Join(noKey, noConfig); err != nil {
		return err
	}
	s.daemon = l.NewDaemon("-c", config)
	s.Admin = s.daemon.Admin
	return s.StartDaemon(ctx)
}

// connect connects to the NATS server and creates the streams.
func (s *Show) connect(ctx context.Context) (err error) {
	var js jetstream.JetStream
	if s.conn, js, err = lab.Connect(s.server); err != nil {
		return err
	}
	for name, subject := range streams {
		if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: name, Subjects: []string{subject}}); err != nil {
			return fmt.Errorf("create the stream %s: %w", name, err)
		}
	}
	return nil
}

// StartDaemon starts the daemon, and waits until it answers.
func (s *Show) StartDaemon(ctx context.Context) error {
	if err := s.daemon.Start(); err != nil {
		return err
	}
	if err := lab.AwaitListener(ctx, s.daemon.Address); err != nil {
		return fmt.Errorf("%w\n%s", err, lab.Brief(s.daemon.Output()))
	}
	return nil
}

// StopDaemon stops the daemon as an operator would.
func (s *Show) StopDaemon() { _ = s.daemon.Stop() }

// Freeze lets the daemon stand still, with its connections, until Thaw.
func (s *Show) Freeze() { s.daemon.Signal(syscall.SIGSTOP) }

// Thaw lets it go on.
func (s *Show) Thaw() { s.daemon.Signal(syscall.SIGCONT) }

// Close ends everything.
func (s *Show) Close() {
	if s.conn != nil {
		s.conn.Close()
	}
	if s.daemon != nil && s.daemon.Process != nil {
		s.daemon.Kill()
	}
	if s.endpoint != nil {
		s.endpoint.Kill()
	}
	if s.server != nil {
		s.server.Close()
	}
}

// Endpoint changes what the endpoint does: JSON as the emulator takes it.
func (s *Show) Endpoint(ctx context.Context, settings string) error {
	return s.endpoint.Set(ctx, settings)
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
func (s *Show) Status() (Status, error) {
	var status Status
	code, text := s.daemon.Get("/api/v1/status")
	if err := json.Unmarshal([]byte(text), &status); err != nil {
		return status, fmt.Errorf("read the status: %w: %d %.200s", err, code, text)
	}
	return status, nil
}
