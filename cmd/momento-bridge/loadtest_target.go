package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"momento-bridge/config"
	"momento-bridge/daemon"
	"momento-bridge/loadtest"
	"momento-bridge/terminal"
)

// targetFlags are the flags of the load tests that say what is tested. Endpoint and key are found as for run.
type targetFlags struct {
	file, region, endpoint, keyFile string

	caches      []string
	topic       string
	topics      int
	size        int
	connections int
	timeout     time.Duration
	seed        uint64
	labels      []string
	natsURL     string
	subscribers int
	perMillion  float64

	// What target has found:
	plan      *daemon.Plan
	natsKnown bool // It is said where NATS is.
	shared    bool // Daemons share their quota.
}

const (
	// mostTopics bounds the topics of a load test.
	mostTopics = 100_000
	// mostSize is above each limit that Momento is known to have, in bytes.
	mostSize = 1 << 20
)

// add declares the flags; nats is what NATS is for.
func (t *targetFlags) add(cmd *cobra.Command, nats string) {
	flags := cmd.Flags()
	flags.StringVarP(&t.file, "config", "c", "", "take endpoint, key and NATS from the daemon's configuration `file`")
	flags.StringVar(&t.region, "region", "", "Momento's region, such as us-east-1")
	flags.StringVar(&t.endpoint, "endpoint", "",
		"instead of a region: a cell host or a URL (default $MOMENTO_ENDPOINT, then the endpoint inside the key)")
	flags.StringVar(&t.keyFile, "api-key-file", "", "`file` with the API key (default: the key in $MOMENTO_API_KEY)")
	flags.StringArrayVar(&t.caches, "cache", nil,
		"the cache to publish to; repeat the flag to publish to several in turn")
	flags.StringVar(&t.topic, "topic", "loadtest", "the topic to publish to")
	flags.IntVar(&t.topics, "topics", 1,
		"how many topics to publish to in turn; -1, -2 and so on are appended to --topic")
	flags.IntVar(&t.size, "size", 256, "bytes of a payload")
	flags.IntVar(&t.connections, "connections", 64,
		"how many connections to open at most, each with one publish in flight")
	flags.StringVar(&t.natsURL, "nats-url", "", "NATS servers, separated by commas, "+nats)
	flags.DurationVar(&t.timeout, "timeout", 5*time.Second, "time for one publish, connecting included")
	flags.Uint64Var(&t.seed, "seed", 1, "seed for payloads, arrivals and the order of trials")
	flags.IntVar(&t.subscribers, "subscribers", 0,
		"how many subscribe to each topic: the question whether to begin tells the operations with them")
	flags.Float64Var(&t.perMillion, "price-per-million", 0,
		"what a million operations cost you, in any currency: the question tells the cost")
	flags.StringArrayVar(&t.labels, "label", nil, "`NAME=VALUE` for the report; may be repeated")
}

// target returns what is tested, ready to be used, and keeps the plan. All problems are reported at once, as a usage
// error: own are those of the command's other flags.
func (t *targetFlags) target(cmd *cobra.Command, own error) (loadtest.Target, error) {
	f, err := t.settings(cmd)
	if wrong, ok := errors.AsType[*usageError](err); ok {
		return loadtest.Target{}, &usageError{errors.Join(own, wrong.err)}
	}
	if err != nil {
		return loadtest.Target{}, err
	}
	f.Validate()
	p := newPlan(f)
	if err := errors.Join(own, f.Err(), t.check()); err != nil {
		return loadtest.Target{}, &usageError{err}
	}
	if err := p.VendedKey(cmd.Context()); err != nil {
		return loadtest.Target{}, err
	}
	momento, err := p.Publisher(terminal.NewLogger(cmd.ErrOrStderr(), slog.LevelError, f.Log.Format))
	if err != nil {
		return loadtest.Target{}, &usageError{err}
	}
	for _, text := range p.SinkWarnings(time.Now()) {
		fmt.Fprintf(cmd.ErrOrStderr(), "! %s\n", text)
	}
	t.plan, t.natsKnown, t.shared = p, natsKnown(f, t.file != ""), f.Limits.Shared
	return loadtest.Target{
		Sink: momento, Endpoint: p.EndpointURL(), Region: f.Momento.Region, Caches: t.caches, Topic: t.topic,
		Topics: t.topics, Bytes: t.size,
		Connections: t.connections, Timeout: t.timeout, Version: build.Version, Seed: t.seed,
		KeyAdvice: p.KeyAdvice(),
	}, nil
}

// settings reads the file, the flags and the environment, in the way of settings.load. Without a file there is a
// route, as a configuration needs one.
func (t *targetFlags) settings(cmd *cobra.Command) (*config.File, error) {
	text := []byte(nil)
	if t.file != "" {
		var err error
		if text, err = readConfiguration(t.file); err != nil {
			return nil, &usageError{err}
		}
	}
	f := config.Read(t.file, text)
	if t.file == "" {
		f.AddRoute(routeName)
		f.Routes[0].Subject, f.Routes[0].Cache = "loadtest", "loadtest"
	}
	set := func(path, value, origin string) {
		if value != "" {
			f.Set(path, value, origin)
		}
	}
	set("momento.region", t.region, "--region")
	set("momento.endpoint", t.endpoint, "--endpoint")
	set("momento.api_key_file", t.keyFile, "--api-key-file")
	set("nats.url", t.natsURL, "--nats-url")
	set("momento.timeout", t.timeout.String(), "--timeout")
	set("momento.connections", strconv.Itoa(t.connections), "--connections")
	f.ShutdownTimeout = f.Momento.Timeout + config.Duration(time.Second) // A load test is not shut down.
	t.override(cmd, f)
	daemon.ApplyContext(f)
	applyEnvironment(f)
	if f.Broken("") {
		return nil, &usageError{f.Err()}
	}
	return f, nil
}

// override lets a flag take the place of what the file says in another way.
func (t *targetFlags) override(cmd *cobra.Command, f *config.File) {
	flags := cmd.Flags()
	switch {
	case t.file == "":
	case flags.Changed("endpoint") && !flags.Changed("region"):
		f.Momento.Region = ""
	case flags.Changed("region") && !flags.Changed("endpoint"):
		f.Momento.Endpoint = ""
	}
	if t.file != "" && flags.Changed("api-key-file") {
		f.Momento.APIKeyURL, f.Momento.APIKeyURLMethod = "", config.MethodGet
		f.Momento.APIKeyURLHeadersFile, f.Momento.APIKeyURLBodyFile = "", ""
	}
}

// check finds what is wrong with the flags that a configuration does not know.
func (t *targetFlags) check() error {
	var wrong problems
	if len(t.caches) == 0 {
		wrong.add("--cache is missing: name a cache of your account to publish to")
	}
	for _, cache := range t.caches {
		if cache == "" {
			wrong.add("--cache is empty: name a cache of your account to publish to")
		}
	}
	if t.topic == "" {
		wrong.add("--topic is empty: name a topic, which need not exist")
	}
	if t.topics < 1 || t.topics > mostTopics {
		wrong.add("--topics is %d, it must be from 1 to %d", t.topics, mostTopics)
	}
	if t.size < 1 || t.size > mostSize {
		wrong.add("--size is %d, it must be from 1 to %d bytes", t.size, mostSize)
	}
	if t.subscribers < 0 || t.subscribers > mostTopics {
		wrong.add("--subscribers is %d, it must be from 0 to %d", t.subscribers, mostTopics)
	}
	if !(t.perMillion >= 0 && t.perMillion <= 1e6) {
		wrong.add("--price-per-million is %g, it must be from 0 to 1000000", t.perMillion)
	}
	if _, err := t.labelMap(); err != nil {
		wrong.join(err)
	}
	return wrong.err()
}

// price is what publishes cost, as far as it was given.
func (t *targetFlags) price() loadtest.Price {
	return loadtest.Price{Subscribers: t.subscribers, PerMillion: t.perMillion}
}

// labelMap returns the labels by name.
func (t *targetFlags) labelMap() (map[string]string, error) {
	labels := map[string]string{}
	for _, text := range t.labels {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--label %q: write NAME=VALUE", text)
		}
		labels[name] = value
	}
	return labels, nil
}

// watchKey replaces the key while a test runs. What it returns ends that.
func (t *targetFlags) watchKey(cmd *cobra.Command) (stop func()) {
	ctx, cancel := context.WithCancel(cmd.Context())
	var watching sync.WaitGroup
	watching.Go(func() {
		t.plan.WatchKey(ctx, func(err error) {
			fmt.Fprintf(cmd.ErrOrStderr(), "! no new API key, still trying; the old one stays in use: %v\n", err)
		})
	})
	return func() { cancel(); watching.Wait() }
}
