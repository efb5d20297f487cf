package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"

	"momento-bridge/config"
	"momento-bridge/daemon"
	"momento-bridge/emulator"
)

// demoOptions are the flags of demo.
type demoOptions struct {
	duration time.Duration
	quota    float64
	rate     float64
	natsPort int
	endpoint string
	admin    string
	page     string
	batch    string
	faults   string
	level    string
	format   string
}

func newDemo() *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the bridge at work: NATS, an endpoint, the bridge and a generator in one process",
		Long: "Starts a NATS server with JetStream, an endpoint with a quota, the bridge and a generator of\n" +
			"messages, and serves a page that subscribes to a topic. It needs no account and no network. The\n" +
			"generator publishes to a stream (orders: at least once, in order for each topic) and to core\n" +
			"NATS (ticks). The bridge does not know the quota: watch its rate grow until the endpoint\n" +
			"refuses. At the end every message is accounted for.",
		Example: "  momento-bridge demo\n  momento-bridge demo --duration 10s --quota 500 --rate 400\n" +
			"  momento-bridge demo --fault 500:2%,429:1%\n" +
			"  momento-bridge demo --fault reset:5%   # The page drops what is published again.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.DurationVar(&o.duration, "duration", 0, "end by itself after this time (default: run until Ctrl-C)")
	flags.Float64Var(&o.quota, "quota", 300, "the endpoint's quota, publishes per second")
	flags.Float64Var(&o.rate, "rate", 150, "messages per second on average, with a burst now and then")
	flags.IntVar(&o.natsPort, "nats-port", 0, "port of the NATS server (default: a free one)")
	flags.StringVar(&o.endpoint, "endpoint-listen", "127.0.0.1:0", "address of the endpoint (default: a free port)")
	flags.StringVar(&o.admin, "admin-listen", "127.0.0.1:0",
		"address of the bridge's health and metrics (default: a free port)")
	flags.StringVar(&o.page, "page-listen", "127.0.0.1:0", "address of the subscriber's page (default: a free port)")
	flags.StringVar(&o.batch, "batch", "packed",
		"batch.format of orders: packed, json, lines, length-prefixed, or none")
	flags.StringVar(&o.level, "log-level", "error", "lowest level of the bridge's log: debug, info, warn or error")
	flags.StringVar(&o.format, "log-format", "text", "format of the bridge's log: text, json or auto")
	flags.StringVar(&o.faults, "fault", "", "faults of the endpoint, such as 500:2%,reset:0.5%")
	return cmd
}

// demo is what runDemo has started.
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

// runDemo starts the parts, lets the generator run, waits for what is on its way, and prints the sum check.
func runDemo(ctx context.Context, o demoOptions, stdout, stderr io.Writer) error {
	dir, err := scratch(os.TempDir(), sharedMemory)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	d := &demo{ledger: newLedger(o.batch)}
	defer d.close()
	if err := d.start(ctx, o, dir, stderr); err != nil {
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
	serving.Go(func() { pageErr = servePage(parts, d.page, demoPage("http://"+d.endpoint.Addr().String(), o.batch)) })
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
func (d *demo) start(ctx context.Context, o demoOptions, dir string, stderr io.Writer) error {
	if err := d.startNATS(o, dir); err != nil {
		return err
	}
	faults, err := emulator.ParseFaults(o.faults)
	if err != nil {
		return &usageError{fmt.Errorf("--fault: %w", err)}
	}
	d.emulator, err = emulator.New(emulator.Config{
		APIKey: demoKey, Caches: []string{"demo"}, OnAccept: d.ledger.accepted, Seed: 1,
		Settings: emulator.Settings{
			Rate: o.quota, Burst: max(1, o.quota/10), Latency: 2 * time.Millisecond,
			Jitter: 2 * time.Millisecond, Faults: faults,
			// Pages in browsers remember a position: this is another topic than that of the demo before.
			Documented: emulator.Documented{Page: uint64(time.Now().Unix())},
		},
	})
	if err != nil {
		return &usageError{err}
	}
	if d.endpoint, err = daemon.Listen("the endpoint (--endpoint-listen)", o.endpoint); err != nil {
		return err
	}
	if d.page, err = daemon.Listen("the subscriber's page (--page-listen)", o.page); err != nil {
		return err
	}
	keyFile := filepath.Join(dir, "api-key")
	if err := os.WriteFile(keyFile, []byte(demoKey), 0o600); err != nil {
		return fmt.Errorf("write the key: %w", err)
	}
	f := config.Read("demo", fmt.Appendf(nil, demoConfig, d.nats.ClientURL(), d.endpoint.Addr(), keyFile, o.admin,
		o.batch, carried(o.batch)))
	f.Set("log.level", o.level, "--log-level")
	f.Set("log.format", o.format, "--log-format")
	f.Validate()
	p := newPlan(f)
	if err := f.Err(); err != nil {
		return &usageError{err}
	}
	d.bridge, err = daemon.New(daemon.Config{Plan: p, Version: build.Version, Hurry: hurry(ctx)}, logger(f, stderr))
	return err
}

const demoKey = "demo-key"

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

// demoConfig is an ordinary configuration: NATS, endpoint, key file, admin address, format and what is carried are
// filled in.
const demoConfig = `
nats: {url: %q}
momento: {endpoint: "http://%s", api_key_file: %q, connections: 16}
admin: {listen: %q}
routes:
  - {name: orders, stream: ORDERS, subject: "orders.*", cache: demo, topic: "orders-{{wildcard(1)}}",
     batch: {format: %q}%s}
  - {name: ticks, subject: "ticks.>", cache: demo, ordering: none}
`

func (d *demo) startNATS(o demoOptions, dir string) error {
	port := o.natsPort
	if port == 0 {
		port = server.RANDOM_PORT
	}
	var err error
	d.nats, err = server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: filepath.Join(dir, "nats"), NoSigs: true, NoLog: true,
	})
	if err != nil {
		return fmt.Errorf("start the NATS server: %w", err)
	}
	d.nats.Start()
	if !d.nats.ReadyForConnections(10 * time.Second) {
		return fmt.Errorf(
			"the NATS server did not start within 10s: is port %s (--nats-port) free?", strconv.Itoa(o.natsPort))
	}
	if d.conn, err = nats.Connect(d.nats.ClientURL()); err != nil {
		return fmt.Errorf("connect to the NATS server: %w", err)
	}
	d.js, err = jetstream.New(d.conn, jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, m *nats.Msg,
		_ error,
	) {
		d.ledger.unsent(m.Data)
	}))
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := d.js.CreateStream(ctx, jetstream.StreamConfig{
		Name:     "ORDERS",
		Subjects: []string{"orders.*"},
	}); err != nil {
		return fmt.Errorf("create the stream: %w", err)
	}
	return nil
}

// introduce prints where everything is.
func (d *demo) introduce(w io.Writer, o demoOptions) {
	endpoint := "http://" + d.endpoint.Addr().String()
	fmt.Fprintf(w, "NATS      %s\n", d.nats.ClientURL())
	fmt.Fprintf(w, "endpoint  %s (quota %g/s, key %s; /_emulator/stats counts)\n", endpoint, o.quota, demoKey)
	fmt.Fprintf(w, "bridge    http://%s/ shows it at work (also /readyz and /metrics)\n", d.bridge.AdminAddr())
	fmt.Fprintf(w, "\nWatch it in a browser: http://%s\n\n", d.page.Addr())
	fmt.Fprintf(w, "In another terminal, wait for a message of your own, and send it:\n")
	fmt.Fprintf(w, "  curl -H 'Authorization: %s' '%s/topics/demo/orders-mine'\n", demoKey, endpoint)
	fmt.Fprintf(w, "  nats -s %s pub orders.mine hello\n", d.nats.ClientURL())
	fmt.Fprintf(w, "What curl shows is base64%s. With the topic orders-mine the page shows it as text.\n", of(o.batch))
	fmt.Fprintf(w, "\nThe generator sends %g messages/s, and bursts. The bridge does not know the quota: it starts "+
		"low and learns. Ctrl-C ends the demo.\n\n", o.rate)
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
