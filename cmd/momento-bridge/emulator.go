package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"momento-bridge/daemon"
	"momento-bridge/emulator"
)

// emulatorOptions are the flags of emulator.
type emulatorOptions struct {
	cfg emulator.Config

	listen, faults, background, random string
	tokens                             map[string]string // By their ids.
}

func newEmulator() *cobra.Command {
	var o emulatorOptions
	cmd := &cobra.Command{
		Use:   "emulator",
		Short: "Run a local stand-in for the Momento Topics HTTP API",
		Long: "Serves POST and long-poll GET of /topics/{cache}/{topic} as Momento documents them, with a\n" +
			"quota, refusals at random, latency and faults. Where its documents are silent or disagree, the\n" +
			"default is what its protocol and SDKs say, and a flag chooses the other. GET /_emulator/stats\n" +
			"returns counters. PUT /_emulator/settings changes what GET of it shows while it runs.",
		Example: "  momento-bridge emulator --rate 10 --burst 10\n" +
			"  momento-bridge emulator --rate 1000 --limiter sharded --background 20% --random-429 1%\n" +
			"  curl -i -H 'Authorization: any' -H 'Content-Type: text/plain' -d hello \\\n" +
			"    http://127.0.0.1:8080/topics/my-cache/hello",
	}
	o.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return o.run(cmd) }
	return cmd
}

// add declares the flags.
func (o *emulatorOptions) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address to listen on")
	flags.StringVar(&o.cfg.APIKey, "api-key", "", "the only key accepted (default: any)")
	flags.StringToStringVar(&o.tokens, "token", nil, "ID=TOKEN: a token that is accepted besides the key, and the id "+
		"that subscribers get with what is published with it; may be repeated")
	flags.Lookup("token").DefValue = "" // Help would show [].
	flags.StringSliceVar(&o.cfg.Caches, "cache", nil, "a cache that exists; may be repeated (default: all)")
	flags.Float64Var(&o.cfg.Rate, "rate", 0, "quota per second (default: none)")
	flags.Float64Var(&o.cfg.Burst, "burst", 0, "burst of the quota (default: the same number as the rate)")
	flags.StringVar(&o.cfg.Limiter, "limiter", emulator.LimiterBucket,
		"kind of quota: bucket, gcra, fixed-window, sliding, sliding-penalty or sharded")
	flags.DurationVar(&o.cfg.Window, "window", time.Second, "window of the quota, where it has one")
	flags.IntVar(&o.cfg.Shards, "shards", 8, "shards of a sharded quota; a connection stays with one")
	flags.StringVar(&o.background, "background", "", "share of the quota that others use, such as 20%")
	flags.StringVar(&o.random, "random-429", "",
		"share of the publishes refused with 429 at random, whatever the rate, such as 1%")
	flags.StringVar(&o.cfg.Unit, "unit", "publishes", "what the quota counts: publishes or operations")
	flags.DurationVar(&o.cfg.Latency, "latency", 0, "time before each answer")
	flags.DurationVar(&o.cfg.Jitter, "jitter", 0, "random time on top of the latency")
	flags.StringVar(&o.faults, "fault", "", "faults of publishes, such as 500:1%,reset:0.1%,drop:0.1%,hang:0.01%: "+
		"a status; reset: accepted, and reset instead of an answer; drop: reset before; hang: no answer")
	flags.DurationVar(&o.cfg.RetryAfter, "retry-after", 0, "Retry-After of a 429 (default: not sent)")
	flags.StringVar(&o.cfg.FromZero, "from-zero", emulator.Latest,
		"what a subscriber gets first that names no sequence number, or 0: latest, the topic's last message, or now, "+
			"the next one")
	flags.StringVar(&o.cfg.NewSequence, "new-sequence", emulator.Next,
		"which number a discontinuity names: next, that of the next message, or before, that of the one before it")
	flags.BoolVar(&o.cfg.Strict, "strict", false,
		"refuse what Momento does not document: other query parameters, and Bearer before the token")
	flags.IntVar(&o.cfg.Subscriptions, "subscriptions", 100, "long polls at once; more are answered 429 (-1: no limit)")
	flags.DurationVar(&o.cfg.PollTimeout, "poll-timeout", 0,
		"time after which a long poll ends with an empty list (default: never)")
	flags.Uint64Var(&o.cfg.Page, "page", 0, "sequence page of every topic (default: the time of the start, in seconds)")
	flags.Uint64Var(&o.cfg.Seed, "seed", 1, "seed of all that happens at random")
}

// complete finds what is wrong with the flags, and makes the rest of the configuration of them.
func (o *emulatorOptions) complete() (err error) {
	if o.cfg.Faults, err = emulator.ParseFaults(o.faults); err != nil {
		return &usageError{fmt.Errorf("--fault: %w", err)}
	}
	if o.cfg.Background, err = emulator.ParseShare(o.background); err != nil {
		return &usageError{fmt.Errorf("--background: %w", err)}
	}
	if o.cfg.Random429, err = emulator.ParseShare(o.random); err != nil {
		return &usageError{fmt.Errorf("--random-429: %w", err)}
	}
	o.cfg.Tokens = map[string]string{}
	for id, token := range o.tokens {
		o.cfg.Tokens[token] = id
	}
	if o.cfg.Page == 0 {
		o.cfg.Page = uint64(time.Now().Unix()) // A subscriber that has seen an emulator before is not misled.
	}
	return nil
}

func (o *emulatorOptions) run(cmd *cobra.Command) error {
	if err := o.complete(); err != nil {
		return err
	}
	server, err := emulator.New(o.cfg)
	if err != nil {
		return &usageError{err}
	}
	ln, err := daemon.Listen("the emulator (--listen)", o.listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "emulator on http://%s (stats: http://%s/_emulator/stats); stop with Ctrl-C\n",
		ln.Addr(), ln.Addr())
	began := time.Now()
	if err := server.Serve(cmd.Context(), ln); err != nil {
		return err
	}
	stats := server.Stats()
	fmt.Fprintf(cmd.OutOrStdout(), "accepted=%d bytes=%d topics=%d seconds=%.1f\n", stats.Accepted, stats.Bytes,
		len(stats.Topics), time.Since(began).Seconds())
	return nil
}
