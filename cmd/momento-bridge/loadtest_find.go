package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"momento-bridge/daemon"
	"momento-bridge/loadtest"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/search"
)

// findOptions are the flags of loadtest find.
type findOptions struct {
	target targetFlags
	output outputFlags

	beside      besideFlags
	resume      resumeFlag
	effort      string
	start       float64
	width       float64
	goals       []string
	dimensions  []string
	noOverload  bool
	expect      string
	maxRate     float64
	maxRequests int
	maxDuration time.Duration

	expected float64 // From expect; 0: nothing is.
}

func newLoadtestFind() *cobra.Command {
	var o findOptions
	cmd := &cobra.Command{
		Use:   "find",
		Short: "Find the publish limit of an account and prove it",
		Long: "Searches for the highest rate at which your account, or the emulator, refuses nothing for quota,\n" +
			"and proves it: it holds that rate several times without a refusal, and between these it tries a\n" +
			"rate at most --width percent higher, which is refused each time. The report also says what\n" +
			"happens under lasting overload, how large a burst may be, what kind of limiter it is, and the\n" +
			"latency.\n\n" +
			"For a while it publishes faster than the limit, and other publishers of the account are refused,\n" +
			"too: it says which daemons it hears on NATS, prints the most that it may send, and asks before it\n" +
			"begins. With --no-overload it goes beyond the limit for moments only, and proves nothing. Publishes\n" +
			"count against the account's quota and its bill. The search stops at once when the key, the cache\n" +
			"or the topic is refused, or when the endpoint keeps failing. Ctrl-C ends it with a report of what\n" +
			"is known. With --out each trial is kept as soon as it has ended, and --resume goes on with them.\n\n" +
			"Exit status: 0 when the limit is proved, 1 after a failure, 3 when --expect is not met, 4 when\n" +
			"nothing could be proved, 130 after Ctrl-C.",
		Example: "  momento-bridge loadtest find --cache my-cache --topic load --region us-east-1 \\\n" +
			"    --api-key-file key.txt\n" +
			"  momento-bridge loadtest find --cache my-cache --endpoint http://127.0.0.1:8080 --yes \\\n" +
			"    --format json --out results\n" +
			"  momento-bridge loadtest find --cache my-cache --region us-east-1 --yes --expect '>=500/s'\n" +
			"  momento-bridge loadtest find --cache my-cache --region us-east-1 --no-overload\n" +
			"  momento-bridge loadtest find --cache my-cache --region us-east-1 --goal 0 --goal 1% --out results\n" +
			"  momento-bridge loadtest find --resume results",
	}
	o.target.add(cmd, "on which daemons of the group are heard (default $NATS_URL)")
	o.output.add(cmd)
	o.beside.add(cmd)
	o.resume.add(cmd)
	flags, d := cmd.Flags(), search.Default()
	flags.StringVar(&o.effort, "effort", loadtest.Standard,
		"quick: an estimate; standard: three pairs of trials; proof: five, and half the width")
	flags.Float64Var(&o.start, "start", d.Start, "the first rate, publishes per second")
	flags.Float64Var(&o.width, "width", 100*d.Width,
		"percent between the rate that is held and the one that is refused")
	flags.StringSliceVar(&o.goals, "goal", []string{"0%"},
		"share of refusals at which a rate still counts as held; may be repeated")
	flags.StringSliceVar(&o.dimensions, "dimensions", nil,
		"also find out whether the limit depends on these: "+strings.Join(loadtest.Dimensions, ", "))
	flags.BoolVar(&o.noOverload, "no-overload", false,
		"overload for a second at a time, and pause between trials: for accounts with live traffic")
	flags.StringVar(&o.expect, "expect", "", "the limit you expect, such as '>=500/s'; exit status 3 if it is lower")
	flags.Float64Var(&o.maxRate, "max-rate", d.MaxRate, "never publish faster than this, in publishes per second")
	flags.IntVar(&o.maxRequests, "max-requests", d.MaxRequests, "stop after this many publishes")
	flags.DurationVar(&o.maxDuration, "max-duration", time.Duration(d.MaxSeconds)*time.Second,
		"stop after this time and report what is known")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return o.run(cmd) }
	return cmd
}

func (o *findOptions) run(cmd *cobra.Command) error {
	if err := o.resume.open(cmd, &o.output); err != nil {
		return err
	}
	defer o.resume.release()
	target, err := o.target.target(cmd, errors.Join(o.check(), o.output.check()))
	if err != nil {
		return err
	}
	if err := o.output.ready(); err != nil {
		return err
	}
	defer o.target.watchKey(cmd)()
	cfg := o.config(target)
	if err := cfg.CheckDimensions(); err != nil {
		return &usageError{fmt.Errorf("--dimensions: %w", err)}
	}
	asked, err := cfg.Asked()
	if err != nil {
		return err
	}
	if err := o.resume.check(&cfg); err != nil {
		return err
	}
	ctx, stderr := cmd.Context(), cmd.ErrOrStderr()
	fmt.Fprintln(stderr, "measuring how fast this machine can publish")
	if cfg.Generator, err = loadtest.Calibrate(ctx, target); err != nil {
		return interruptedOr(ctx, err)
	}
	leave, err := o.getAlong(cmd, &cfg)
	if err != nil {
		return err
	}
	defer leave()
	if err := loadtest.Preflight(target); err != nil {
		return interruptedOr(ctx, err)
	}
	cfg.Before = 1
	if err := o.resume.keep(cmd, &cfg, asked, &o.output); err != nil {
		return err
	}
	cfg.Progress = newFindProgress(stderr).update
	r, failure := loadtest.Find(ctx, cfg)
	if o.expected > 0 {
		r.Expect(o.expect, o.expected)
	}
	written := o.output.write(cmd.OutOrStdout(), stderr, r)
	o.resume.end(stderr, r)
	return errors.Join(written, o.endOf(r, failure))
}

// getAlong says what is about to happen, and to which daemons, and asks whether to begin.
func (o *findOptions) getAlong(cmd *cobra.Command, cfg *loadtest.FindConfig) (leave func(), err error) {
	found, err := o.beside.hear(cmd, &o.target)
	if err != nil {
		return nil, err
	}
	leave = func() {}
	if o.beside.within {
		var g *daemon.Guest
		g, leave = found.visit(cmd.Context(), &o.target, cfg.Search.MaxRate, 1)
		g.Await(cmd.Context())
		cfg.Target.Quota = g
		cfg.Search.Gentle, cfg.Search.MaxRate = true, min(cfg.Search.MaxRate, leavesRoom*g.Share())
		cfg.Search.Start = min(cfg.Search.Start, cfg.Search.MaxRate/2)
	}
	o.resume.limit(cfg)
	lines := append(cfg.Plan(o.target.price(), o.expected), loadtest.Line{Name: "daemons", Text: found.text})
	if err := mayBegin(cmd, append(lines, o.resume.lines()...), o.beside.yes); err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

// leavesRoom is the part of what the daemons leave that a search within their quota uses at the most.
const leavesRoom = 0.95

// config is what is searched for.
func (o *findOptions) config(target loadtest.Target) loadtest.FindConfig {
	s := search.Default()
	s.Start, s.Width, s.Gentle, s.MaxRate = o.start, o.width/100, o.noOverload, o.maxRate
	s.MaxRequests, s.MaxSeconds = o.maxRequests, o.maxDuration.Seconds()
	goals, _ := o.shares() // Checked before.
	s.Goal, s.Goals = goals[0], goals[1:]
	labels, _ := o.target.labelMap()
	return loadtest.FindConfig{
		Target: target, Search: s, Effort: o.effort, Dimensions: o.dimensions,
		Latency: o.effort != loadtest.Quick, Labels: labels,
	}
}

// check finds what is wrong with the flags.
func (o *findOptions) check() error {
	var wrong problems
	wrong.unless(o.effort == loadtest.Quick || o.effort == loadtest.Standard || o.effort == loadtest.Proof,
		"--effort is %q: write quick, standard or proof", o.effort)
	wrong.unless(o.start >= 0.1 && o.start <= 1e6, "--start is %g, it must be from 0.1 to 1000000", o.start)
	wrong.unless(o.width >= 0.2 && o.width <= 20, "--width is %g, it must be from 0.2 to 20 percent", o.width)
	wrong.unless(o.maxRate >= 1 && o.maxRate <= 1e6, "--max-rate is %g, it must be from 1 to 1000000", o.maxRate)
	wrong.unless(o.maxRequests >= 1, "--max-requests is %d, it must be 1 or more", o.maxRequests)
	wrong.unless(o.maxDuration >= time.Second, "--max-duration is %v, it must be 1s or more", o.maxDuration)
	goals, err := o.shares()
	wrong.unless(err == nil, "--goal: %w", err)
	wrong.unless(len(goals) <= 1 || !o.noOverload && o.effort != loadtest.Quick,
		"several goals need an overload and a proof: give one --goal with --no-overload or --effort quick")
	if o.expect != "" {
		text, least := strings.CutPrefix(strings.TrimSpace(o.expect), ">=")
		rate, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(text, "/s")), 64)
		wrong.unless(least && err == nil && rate > 0 && !math.IsInf(rate, 0),
			"--expect %q: write a rate such as '>=500/s'", o.expect)
		o.expected = rate
	}
	return wrong.err()
}

// shares are the goals in ascending order, each once.
func (o *findOptions) shares() ([]float64, error) {
	var goals []float64
	for _, text := range o.goals {
		goal, err := parseShare(text)
		if err != nil || goal > 0.5 {
			return nil, fmt.Errorf("%q: write a share of refusals such as 0.5%%, up to 50%%", text)
		}
		goals = append(goals, goal)
	}
	if len(goals) == 0 {
		return nil, errors.New("write a share of refusals such as 0.5%")
	}
	slices.Sort(goals)
	return slices.Compact(goals), nil
}

// parseShare reads a share such as 0.5%.
func parseShare(text string) (float64, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	share, err := strconv.ParseFloat(number, 64)
	if percent {
		share /= 100
	}
	if err != nil || !(share >= 0 && share <= 1) {
		return 0, fmt.Errorf("%q is no share such as 0.5%%", text)
	}
	return share, nil
}

// endOf is how the program ends after a report.
func (o *findOptions) endOf(r *report.Report, failure error) error {
	switch {
	case failure != nil:
		return failure
	case r.Interrupted:
		return daemon.ErrInterrupted
	case r.AsExpected != nil && !*r.AsExpected:
		return statusError(statusUnmet)
	case r.Verdict != report.Proved:
		return statusError(statusUnproved)
	}
	return nil
}
