package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"momento-bridge/daemon"
	"momento-bridge/loadtest"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/soak"
	"momento-bridge/testbed"
)

// soakOptions are the flags of loadtest soak.
type soakOptions struct {
	target targetFlags
	output outputFlags

	rate     float64
	share    string
	quota    float64
	from     string
	duration time.Duration
	every    time.Duration
	settle   time.Duration
	level    string
	yes      bool

	part float64 // From share.
}

func newLoadtestSoak() *cobra.Command {
	var o soakOptions
	own := "without any of\nthese one is started in this process."
	if !testbed.HasNATS {
		own = "this build\nis slim, and has none of its own."
	}
	cmd := &cobra.Command{
		Use:   "soak",
		Short: "Use a share of the quota for hours through a whole bridge, and tell of loss and drift",
		Long: "Starts a bridge in this process, with a stream of its own, and sends messages through it at a\n" +
			"fixed share of the quota: NATS, bridge, endpoint, and back to a subscriber. NATS is that of\n" +
			"--nats-url, $NATS_URL or -c, where the stream is made and deleted at the end; " + own +
			" The key must be allowed to publish and to subscribe.\n\n" +
			"The report says what was lost, duplicated or reordered, and for rate, refusals, latency, memory,\n" +
			"goroutines, connections and open files whether they have changed while it ran: since when, by\n" +
			"how much, and how likely that is by chance. Ctrl-C ends it with a report of what ran.\n\n" +
			"What it publishes counts against the account's quota and its bill, as do the deliveries to its\n" +
			"subscribers: it says how much that is, and asks before it begins.\n\n" +
			"Exit status: 0 when nothing was lost and nothing has drifted, 3 when something was or has, also\n" +
			"after Ctrl-C, 1 after a failure, otherwise 130 after Ctrl-C.",
		Example: "  momento-bridge loadtest soak --cache my-cache --region us-east-1 --api-key-file key.txt \\\n" +
			"    --quota 100 --share 50% --duration 8h --out soak\n" +
			"  momento-bridge loadtest soak --cache my-cache -c config.yaml --from results/report.json\n" +
			"  momento-bridge loadtest soak --cache my-cache --endpoint http://127.0.0.1:8080 --rate 50 \\\n" +
			"    --duration 20m --yes",
	}
	o.target.add(cmd, "for the bridge and its stream (default $NATS_URL; without any, one in this process)")
	o.output.add(cmd)
	flags := cmd.Flags()
	flags.Lookup("topics").Usage = "how many topics to publish to in turn, -1, -2 and so on appended to --topic " +
		"(default: one for each 10/s, up to 64)"
	flags.Lookup("topics").DefValue = "0" // Help shows no default of its own.
	flags.Float64Var(&o.rate, "rate", 0, "messages per second, instead of a share of a quota")
	flags.StringVar(&o.share, "share", "50%", "share of the quota that is used")
	flags.Float64Var(&o.quota, "quota", 0, "the quota, publishes per second, which the bridge never exceeds")
	flags.StringVar(&o.from, "from", "", "take the quota from the report.json `file` of a search that has proved it")
	flags.DurationVar(&o.duration, "duration", 8*time.Hour, "how long to publish")
	flags.DurationVar(&o.every, "every", 10*time.Second, "time between two samples")
	flags.DurationVar(&o.settle, "settle", time.Minute, "how long to wait at the end for messages still on their way")
	flags.StringVar(&o.level, "log-level", "error", "lowest level of the bridge's log: debug, info, warn or error")
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask before it begins")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return o.run(cmd) }
	return cmd
}

func (o *soakOptions) run(cmd *cobra.Command) error {
	err := errors.Join(o.check(cmd), o.output.check())
	if o.target.topic == "" || !cmd.Flags().Changed("topics") {
		o.target.topics = topicsFor(o.rate)
	}
	target, err := o.target.target(cmd, err)
	if err != nil {
		return err
	}
	if err := o.output.ready(); err != nil {
		return err
	}
	defer o.target.watchKey(cmd)()
	if !o.target.natsKnown && !testbed.HasNATS {
		return fmt.Errorf("%w, or say with --nats-url where NATS is", notInSlim("loadtest soak without --nats-url"))
	}
	f, err := o.target.settings(cmd)
	if err != nil {
		return err
	}
	stderr := cmd.ErrOrStderr()
	if o.quota > 0 {
		f.Set("limits.rate", strconv.FormatFloat(o.quota, 'g', -1, 64), "--quota")
	}
	f.Set("log.level", o.level, "--log-level")
	labels, _ := o.target.labelMap() // Checked with the target.
	run := soak.Config{
		Rate: o.rate, Duration: o.duration, Every: o.every, Settle: o.settle, Way: findWay, Cache: target.Caches[0],
		Topics: target.TopicNames(), Bytes: o.target.size, Seed: target.Seed, Subscribe: target.Sink.Subscribe,
		Target: target.Report(), Progress: newSoakProgress(stderr).update,
		Settings: soak.Settings{
			Rate: o.rate, Share: o.part, Quota: o.quota, Seconds: o.duration.Seconds(), EverySeconds: o.every.Seconds(),
			Topics: target.Topics, Seed: target.Seed, Labels: labels,
		},
	}
	if err := mayBegin(cmd, soak.Plan(&run, !o.target.natsKnown, o.target.price()), o.yes); err != nil {
		return err
	}
	witness := soak.New(run)
	bed, err := testbed.Start(cmd.Context(), testbed.Config{
		File: f, Embedded: !o.target.natsKnown, Cache: target.Caches[0], Topic: target.Topic, Topics: target.Topics,
		Version: build.Version, Log: logger(f, stderr), Hurry: hurry(cmd.Context()), Failed: witness.NotTaken,
	})
	if err != nil {
		if _, wrong := errors.AsType[*testbed.OptionError](err); wrong {
			return &usageError{err}
		}
		return interruptedOr(cmd.Context(), err)
	}
	fmt.Fprintf(stderr, "the bridge shows itself at %s\n", bed.Page())
	r, failure := witness.Run(cmd.Context(), bed)
	failure = errors.Join(failure, bed.Close())
	if r == nil {
		return interruptedOr(cmd.Context(), failure)
	}
	return errors.Join(o.write(cmd, r), soakEnd(r, failure))
}

// write writes the files and prints the report.
func (o *soakOptions) write(cmd *cobra.Command, r *soak.Report) error {
	var files []string
	var failed error
	if o.output.dir != "" {
		if files, failed = soak.WriteAll(o.output.dir, r); failed != nil {
			failed = fmt.Errorf("--out: %w", failed)
		}
	}
	if o.output.format == formatJSON {
		return errors.Join(soak.WriteJSON(cmd.OutOrStdout(), r), failed)
	}
	return errors.Join(soak.WriteText(cmd.OutOrStdout(), r, files...), failed)
}

// soakEnd is how the program ends after a report.
func soakEnd(r *soak.Report, failure error) error {
	switch {
	case failure != nil:
		return failure
	case !r.Met():
		return statusError(statusUnmet)
	case r.Interrupted:
		return daemon.ErrInterrupted
	}
	return nil
}

// mostSoaked is a route's max_payload, beyond which nothing is published.
const mostSoaked = 4096

// topicsFor is how many topics a rate needs: in one, a publish waits for the one before.
func topicsFor(rate float64) int { return max(1, min(64, int(math.Ceil(rate/10)))) }

// check finds what is wrong with the flags, and what the rate is.
func (o *soakOptions) check(cmd *cobra.Command) error {
	var wrong problems
	if o.from != "" {
		wrong.unless(o.quota == 0, "--quota and --from both say what the quota is: leave one out")
		quota, err := provedIn(o.from)
		wrong.unless(err == nil, "--from: %w", err)
		o.quota = quota
	}
	wrong.unless(o.quota >= 0 && o.quota <= 1e6, "--quota is %g, it must be from 0.1 to 1000000", o.quota)
	if cmd.Flags().Changed("rate") {
		wrong.unless(!cmd.Flags().Changed("share"), "--rate and --share both say how much to publish: leave one out")
	} else {
		part, err := parseShare(o.share)
		wrong.unless(err == nil && part > 0, "--share %q: write a share of the quota such as 50%%", o.share)
		wrong.unless(o.quota > 0 || o.from != "", "--quota is missing: say what the quota is, or give --from with a "+
			"report that has proved it, or --rate")
		o.part, o.rate = part, part*o.quota
	}
	wrong.unless(len(wrong) > 0 || o.rate >= 0.1 && o.rate <= 1e5, "the rate is %g/s, it must be from 0.1 to 100000",
		o.rate)
	wrong.unless(o.duration >= time.Second && o.duration <= mostDuration, "--duration is %v, it must be from 1s to %v",
		o.duration, mostDuration)
	wrong.unless(o.every >= 100*time.Millisecond && o.every <= time.Hour, "--every is %v, it must be from 100ms to 1h",
		o.every)
	wrong.unless(o.settle >= 0, "--settle is %v, it must be 0s or more", o.settle)
	wrong.unless(o.target.size <= mostSoaked, "--size is %d: the bridge publishes no more than %d bytes", o.target.size,
		mostSoaked)
	wrong.unless(len(o.target.caches) <= 1, "--cache is there %d times: name one", len(o.target.caches))
	wrong.join(loadtest.CheckFollowed(o.target.topics))
	return wrong.err()
}

// provedIn is the rate that a search has proved.
func provedIn(path string) (float64, error) {
	r, soaked, err := readReport(path)
	switch {
	case err != nil:
		return 0, err
	case soaked != nil || r.Verdict != report.Proved || r.CleanRate == nil:
		return 0, fmt.Errorf("%s proves no rate: give that of a search that has, or --quota", path)
	}
	return *r.CleanRate, nil
}
