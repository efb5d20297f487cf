package main

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"momento-bridge/daemon"
	"momento-bridge/loadtest"
	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/report"
)

// rateOptions are the flags of loadtest rate.
type rateOptions struct {
	target targetFlags
	output outputFlags
	beside besideFlags

	rate        float64
	duration    time.Duration
	arrivals    string
	maxRequests int

	via     string
	subject string
	stream  string
	settle  time.Duration
}

const (
	viaNATS = "nats"
	// mostDuration bounds the duration.
	mostDuration = 7 * 24 * time.Hour
	// findWay is how long the first message may take through the bridge, before the test begins.
	findWay = 30 * time.Second
)

func newLoadtestRate() *cobra.Command {
	var o rateOptions
	cmd := &cobra.Command{
		Use:   "rate",
		Short: "Publish at a fixed rate and measure the result",
		Long: "Publishes at --rate for --duration to your own account, or to the emulator, whatever it answers.\n" +
			"The report says how many publishes were accepted, refused for quota and failed, and how long\n" +
			"they took: from planned to answered (response), from sent to answered (service) and from planned\n" +
			"to sent (send delay). Publishes count against the account's quota and its bill. The test ends early\n" +
			"when the key, the cache or the topic is refused, or when the endpoint keeps failing. Ctrl-C ends\n" +
			"it with a report of what was measured so far.\n\n" +
			"It prints what it will send, and asks before it begins, unless --yes is given. Daemons that publish\n" +
			"to the same account use the same quota: if some are heard on NATS, it says what they publish.\n\n" +
			"With --via nats it publishes to NATS (--nats-url, or that of -c) instead, and subscribes to\n" +
			"--topic. A bridge that runs already must carry the messages from one to the other, and the key\n" +
			"must be allowed to subscribe. The report then also says what was lost, duplicated or reordered,\n" +
			"and how long messages took from NATS to the subscriber. With --topics, -1, -2 and so on are\n" +
			"appended to the subject and to the topic.\n\n" +
			"Exit status: 0 when the test ran, whatever was refused; 1 when it ended early or messages were\n" +
			"lost; 130 after Ctrl-C.",
		Example: "  momento-bridge loadtest rate --cache my-cache --region us-east-1 --api-key-file key.txt \\\n" +
			"    --rate 50\n" +
			"  momento-bridge loadtest rate --cache my-cache --endpoint http://127.0.0.1:8080 --rate 400 \\\n" +
			"    --arrivals poisson --duration 2m --out results\n" +
			"  momento-bridge loadtest rate --cache my-cache -c config.yaml --rate 20 --via nats \\\n" +
			"    --subject orders.test --stream ORDERS --topic orders-test",
	}
	o.target.add(cmd,
		"on which daemons of the group are heard and, with --via nats, messages published (default $NATS_URL)")
	o.output.add(cmd)
	o.beside.add(cmd)
	flags := cmd.Flags()
	flags.Float64Var(&o.rate, "rate", 0, "publishes per second (required)")
	flags.DurationVar(&o.duration, "duration", 30*time.Second, "how long to publish")
	flags.StringVar(&o.arrivals, "arrivals", "even",
		"even: at equal intervals; poisson: at random, as from many senders; burst:N: N at once, then a pause")
	flags.IntVar(&o.maxRequests, "max-requests", 10_000_000, "stop after this many publishes")
	flags.StringVar(&o.via, "via", "", "nats: publish to NATS, and measure through the bridge")
	flags.StringVar(&o.subject, "subject", "", "with --via nats: the subject to publish to")
	flags.StringVar(&o.stream, "stream", "", "with --via nats: the stream that takes the subject; without it core NATS")
	flags.DurationVar(&o.settle, "settle", 30*time.Second,
		"with --via nats: how long to wait at the end for messages still on their way")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return o.run(cmd) }
	return cmd
}

func (o *rateOptions) run(cmd *cobra.Command) error {
	if o.via == viaNATS && !cmd.Flags().Changed("topic") {
		o.target.topic = o.subject // As the bridge's default has it.
	}
	target, err := o.target.target(cmd, errors.Join(o.check(cmd), o.output.check()))
	if err != nil {
		return err
	}
	if err := o.output.ready(); err != nil {
		return err
	}
	defer o.target.watchKey(cmd)()
	stderr := cmd.ErrOrStderr()
	labels, _ := o.target.labelMap() // Checked with the target.
	show := newRateProgress(stderr, o.duration)
	cfg := loadtest.RateConfig{
		Target: target, Rate: o.rate, Duration: o.duration, Arrivals: o.arrivals, MaxRequests: o.maxRequests,
		Labels: labels, Progress: show.update,
	}
	var found *beside
	var plan []loadtest.Line
	if o.via == viaNATS {
		conn, err := o.target.plan.ConnectNATS(cmd.Context(), slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		defer conn.Close()
		cfg.Via = &loadtest.Via{Conn: conn, Subject: o.subject, Stream: o.stream, Settle: o.settle, Way: findWay}
		plan = append(cfg.Plan(o.target.price()),
			loadtest.Line{Name: "way", Text: "to NATS " + o.target.plan.NATSURL() +
				", and through the bridge"})
	} else {
		plan = cfg.Plan(o.target.price())
		if found, err = o.beside.hear(cmd, &o.target); err != nil {
			return err
		}
		defer found.close()
		plan = append(plan, loadtest.Line{Name: "daemons", Text: found.text})
	}
	if err := mayBegin(cmd, plan, o.beside.yes); err != nil {
		return err
	}
	if o.beside.within {
		defer o.visit(cmd, found, &cfg)()
	}
	r, failure := loadtest.Rate(cmd.Context(), cfg)
	if r == nil {
		return interruptedOr(cmd.Context(), failure)
	}
	return errors.Join(o.output.write(cmd.OutOrStdout(), stderr, r), verdictOf(r, failure))
}

// visit makes the test one of those who share their quota.
func (o *rateOptions) visit(cmd *cobra.Command, found *beside, cfg *loadtest.RateConfig) (leave func()) {
	g, leave := found.visit(cmd.Context(), &o.target, o.rate, cfg.AtOnce())
	g.Await(cmd.Context())
	cfg.Target.Quota = g
	return leave
}

// errLost says that subscribers did not get everything.
var errLost = errors.New("messages were lost")

// verdictOf is how the program ends after a report.
func verdictOf(r *report.Report, failure error) error {
	switch {
	case failure != nil:
		return failure
	case r.Interrupted:
		return daemon.ErrInterrupted
	case r.Delivery != nil && r.Delivery.Lost > 0:
		return fmt.Errorf("%w: %d of %d", errLost, r.Delivery.Lost, r.Delivery.Sent)
	}
	return nil
}

// check finds what is wrong with the flags.
func (o *rateOptions) check(cmd *cobra.Command) error {
	var wrong problems
	if !cmd.Flags().Changed("rate") {
		wrong.add("--rate is missing: say how many publishes per second; an account takes 10 unless its quota " +
			"was raised")
	} else if !(o.rate >= 0.01 && o.rate <= 1e6) || math.IsNaN(o.rate) {
		wrong.add("--rate is %g, it must be from 0.01 to 1000000", o.rate)
	}
	if o.duration < time.Second || o.duration > mostDuration {
		wrong.add("--duration is %v, it must be from 1s to %v", o.duration, mostDuration)
	}
	if _, err := drive.ParseArrivals(o.arrivals, 0); err != nil {
		wrong.add("--arrivals: %w", err)
	}
	if o.maxRequests < 1 {
		wrong.add("--max-requests is %d, it must be 1 or more", o.maxRequests)
	}
	switch o.via {
	case "":
		for _, name := range [...]string{"subject", "stream", "settle"} {
			if cmd.Flags().Changed(name) {
				wrong.add("--%s goes with --via nats only", name)
			}
		}
	case viaNATS:
		wrong.join(o.checkVia())
		if o.beside.within {
			wrong.add("--within-quota goes without --via nats: the bridge keeps the quota itself")
		}
	default:
		wrong.add("--via is %q: write nats, or leave it out to publish straight to the endpoint", o.via)
	}
	return wrong.err()
}

func (o *rateOptions) checkVia() error {
	var wrong problems
	switch {
	case o.subject == "":
		wrong.add("--subject is missing: with --via nats name the subject that the bridge consumes")
	case strings.ContainsAny(o.subject, "*> \t\r\n") || strings.HasPrefix(o.subject, ".") ||
		strings.HasSuffix(o.subject, ".") || strings.Contains(o.subject, ".."):
		wrong.add("--subject %q is none to publish to: write words separated by dots, without wildcards", o.subject)
	}
	if len(o.target.caches) > 1 {
		wrong.add("--cache is there %d times: with --via nats name the one that the bridge publishes to",
			len(o.target.caches))
	}
	wrong.join(loadtest.CheckFollowed(o.target.topics))
	if o.target.size < loadtest.LeastStamped {
		wrong.add("--size is %d: with --via nats a payload needs at least %d bytes, for its number and time",
			o.target.size, loadtest.LeastStamped)
	}
	if o.settle < 0 {
		wrong.add("--settle is %v, it must be 0s or more", o.settle)
	}
	return wrong.err()
}
