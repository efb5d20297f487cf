// Package demo shows the bridge at work in one process: a NATS server, an endpoint, the bridge, a generator of messages
// and a page that subscribes. It accounts for every message at the end.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/config"
	"momento-bridge/daemon"
	"momento-bridge/emulator"
	"momento-bridge/terminal"
)

// Options say what is shown. Addresses with the port 0 take a free one.
type Options struct {
	Duration time.Duration   // 0: until the context is done.
	Quota    float64         // Of the endpoint, publishes per second.
	Rate     float64         // Messages per second on average, with a burst now and then.
	NATSPort int             // 0: a free one.
	Endpoint string          // Address of the endpoint.
	Admin    string          // Of the bridge's health and metrics.
	Page     string          // Of the subscriber's page.
	Batch    string          // batch.format of the route orders.
	Faults   string          // Of the endpoint, as emulator.ParseFaults reads them.
	Level    string          // Of the bridge's log.
	Format   string          // Likewise.
	Version  string          // Of the program.
	Hurry    <-chan struct{} // Closed when nobody wants to wait for what is on its way; nil: never.
}

// OptionError is an option that cannot be used.
type OptionError struct{ err error }

func (e *OptionError) Error() string { return e.err.Error() }
func (e *OptionError) Unwrap() error { return e.err }

// demo is what Run has started.
type demo struct {
	nats     *server.Server
	conn     *nats.Conn
	js       jetstream.JetStream
	emulator *emulator.Server
	endpoint net.Listener
	page     net.Listener
	bridge   *daemon.Daemon
	ledger   *ledger
}

// check finds numbers that mean nothing. What else is wrong shows where it is used.
func (o *Options) check() error {
	switch {
	case !(o.Quota >= 0):
		return fmt.Errorf("--quota %g must be a number, and not negative", o.Quota)
	case !(o.Rate >= 0):
		return fmt.Errorf("--rate %g must be a number, and not negative", o.Rate)
	case o.Duration < 0:
		return fmt.Errorf("--duration %v must not be negative", o.Duration)
	case o.NATSPort < 0 || o.NATSPort > 65535:
		return fmt.Errorf("--nats-port %d is no port: write 0 to 65535", o.NATSPort)
	}
	return nil
}

// Run starts the parts, lets the generator run, waits for what is on its way, and prints the sum check.
func Run(ctx context.Context, o Options, stdout, stderr io.Writer) error {
	if err := o.check(); err != nil {
		return &OptionError{err}
	}
	dir, err := scratch(os.TempDir(), sharedMemory)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	d := &demo{ledger: newLedger(o.Batch)}
	defer d.close()
	if err := d.start(o, dir, stderr); err != nil {
		return err
	}
	d.introduce(stderr, o)

	outer := context.WithoutCancel(ctx)
	parts, stopParts := context.WithCancel(outer)
	defer stopParts()
	carrying, stopBridge := context.WithCancel(outer)
	defer stopBridge()
	var serving, bridging sync.WaitGroup
	var endpointErr, pageErr, bridgeErr error
	serving.Go(func() { endpointErr = d.emulator.Serve(parts, d.endpoint) })
	serving.Go(func() { pageErr = servePage(parts, d.page, pages("http://"+d.endpoint.Addr().String(), o.Batch)) })
	bridging.Go(func() { bridgeErr = d.bridge.Run(carrying) })

	d.generate(ctx, o, stderr)
	d.wait(ctx, o, stderr)
	stopBridge()
	bridging.Wait()
	stopParts()
	serving.Wait()
	sum := d.account()
	fmt.Fprintln(stdout, sum)
	return errors.Join(sum.problem(), bridgeErr, endpointErr, pageErr)
}

// sharedMemory may be written in most containers, also where the root file system may not.
const sharedMemory = "/dev/shm"

// scratch makes a directory in the first of some that may be written.
func scratch(in ...string) (dir string, err error) {
	for i, parent := range in {
		made, failed := os.MkdirTemp(parent, "momento-bridge-demo-")
		if failed == nil {
			return made, nil
		}
		if i == 0 {
			err = failed
		}
	}
	return "", fmt.Errorf("make a temporary directory: %w\nset TMPDIR to a directory that may be written", err)
}

// start makes every part, each ready to be run.
func (d *demo) start(o Options, dir string, stderr io.Writer) error {
	if err := d.startNATS(o, dir); err != nil {
		return err
	}
	faults, err := emulator.ParseFaults(o.Faults)
	if err != nil {
		return &OptionError{fmt.Errorf("--fault: %w", err)}
	}
	d.emulator, err = emulator.New(emulator.Config{
		APIKey: apiKey, Caches: []string{"demo"}, OnAccept: d.ledger.accepted, Seed: 1,
		Settings: emulator.Settings{
			Rate: o.Quota, Burst: max(1, o.Quota/10), Latency: 2 * time.Millisecond,
			Jitter: 2 * time.Millisecond, Faults: faults,
			// Pages in browsers remember a position: this is another topic than that of the demo before.
			Documented: emulator.Documented{Page: uint64(time.Now().Unix())},
		},
	})
	if err != nil {
		return &OptionError{err}
	}
	if d.endpoint, err = daemon.Listen("the endpoint (--endpoint-listen)", o.Endpoint); err != nil {
		return err
	}
	if d.page, err = daemon.Listen("the subscriber's page (--page-listen)", o.Page); err != nil {
		return err
	}
	keyFile := filepath.Join(dir, "api-key")
	if err := os.WriteFile(keyFile, []byte(apiKey), 0o600); err != nil {
		return fmt.Errorf("write the key: %w", err)
	}
	f := config.Read("demo", fmt.Appendf(nil, configuration, d.nats.ClientURL(), d.endpoint.Addr(), keyFile, o.Admin,
		o.Batch, carried(o.Batch)))
	f.Set("log.level", o.Level, "--log-level")
	f.Set("log.format", o.Format, "--log-format")
	f.Validate()
	p := daemon.NewPlan(f)
	p.SetVersion(o.Version)
	if err := f.Err(); err != nil {
		return &OptionError{err}
	}
	var level slog.Level
	_ = level.UnmarshalText([]byte(strings.ToUpper(f.Log.Level))) // Validated.
	d.bridge, err = daemon.New(daemon.Config{Plan: p, Version: o.Version, Hurry: o.Hurry},
		terminal.NewLogger(stderr, level, f.Log.Format))
	return err
}

const apiKey = "demo-key"

// of says what is in a publish of a format.
func of(format string) string {
	if format == config.FormatNone {
		return ""
	}
	return ", of a " + format + " batch"
}

// carried is what goes with a message besides its payload, where there is a place for it.
func carried(format string) string {
	if format == config.Packed {
		return ", carry: [subject, time]"
	}
	return ""
}

// configuration is an ordinary configuration: NATS, endpoint, key file, admin address, format and what is carried are
// filled in.
const configuration = `
nats: {url: %q}
momento: {endpoint: "http://%s", api_key_file: %q, connections: 16}
admin: {listen: %q}
routes:
  - {name: orders, stream: ORDERS, subject: "orders.*", cache: demo, topic: "orders-{{wildcard(1)}}",
     batch: {format: %q}%s}
  - {name: ticks, subject: "ticks.>", cache: demo, ordering: none}
`

// introduce prints where everything is.
func (d *demo) introduce(w io.Writer, o Options) {
	endpoint := "http://" + d.endpoint.Addr().String()
	fmt.Fprintf(w, "NATS      %s\n", d.nats.ClientURL())
	fmt.Fprintf(w, "endpoint  %s (quota %g/s, key %s; /_emulator/stats counts)\n", endpoint, o.Quota, apiKey)
	fmt.Fprintf(w, "bridge    http://%s/ shows it at work (also /readyz and /metrics)\n", d.bridge.AdminAddr())
	fmt.Fprintf(w, "\nWatch it in a browser: http://%s\n\n", d.page.Addr())
	fmt.Fprintf(w, "In another terminal, wait for a message of your own, and send it:\n")
	fmt.Fprintf(w, "  curl -H 'Authorization: %s' '%s/topics/demo/orders-mine'\n", apiKey, endpoint)
	fmt.Fprintf(w, "  nats -s %s pub orders.mine hello\n", d.nats.ClientURL())
	fmt.Fprintf(w, "What curl shows is base64%s. With the topic orders-mine the page shows it as text.\n", of(o.Batch))
	fmt.Fprintf(w, "\nThe generator sends %g messages/s, and bursts. The bridge does not know the quota: it starts "+
		"low and learns. Ctrl-C ends the demo.\n\n", o.Rate)
}

func (d *demo) close() {
	for _, ln := range []net.Listener{d.endpoint, d.page} { // They are closed already where they were served.
		if ln != nil {
			_ = ln.Close()
		}
	}
	if d.conn != nil {
		d.conn.Close()
	}
	if d.nats != nil {
		d.nats.Shutdown()
		d.nats.WaitForShutdown()
	}
}
