package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"momento-bridge/daemon/status"
	"momento-bridge/source/template"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/pipeline"
	"momento-bridge/sink/key"
	"momento-bridge/source"
)

// ReplayOptions say which dead letters are replayed, and how fast.
type ReplayOptions struct {
	Routes  []string // Only dead letters of these routes; none: of all.
	Reasons []string // Only those with these reasons; none: with any.
	DryRun  bool     // List what would be replayed, change nothing.
	Share   string   // Of the quota, in percent, such as 10%.
}

// Replay publishes dead letters again, and removes those that are published. It runs once.
type Replay struct {
	plan    *Plan
	options ReplayOptions
}

// NewReplay prepares a replay of the plan's routes, which it changes. An error says which option is wrong.
func NewReplay(p *Plan, o ReplayOptions) (*Replay, error) {
	rate, err := shareOf(p.pipeline.Limits.Region, o.Share)
	if err != nil {
		return nil, err
	}
	p.pipeline.Limits.Region = rate
	if p.routes, err = o.choose(p.routes); err != nil {
		return nil, err
	}
	return &Replay{p, o}, nil
}

// ErrLeft is returned by Replay.Run if a dead letter that was selected is still there.
var ErrLeft = errors.New("dead letters are left")

// shareOf returns a fixed rate: a share, such as 10%, of a quota.
func shareOf(quota pipeline.Rate, share string) (pipeline.Rate, error) {
	percent, err := strconv.ParseFloat(strings.TrimSuffix(share, "%"), 64)
	if err != nil || !strings.HasSuffix(share, "%") || !(percent > 0 && percent <= 100) {
		return quota, fmt.Errorf("--share %q: write a percentage such as 10%%, up to 100%%", share)
	}
	perSecond := quota.Ceiling
	if math.IsInf(perSecond, 1) {
		perSecond = pipeline.DefaultQuota
	}
	return pipeline.Rate{Ceiling: perSecond * percent / 100, Burst: 1}, nil
}

// choose returns the routes that have dead letters and are selected.
func (o *ReplayOptions) choose(routes []routePlan) ([]routePlan, error) {
	var chosen []routePlan
	var known []string
	for _, r := range routes {
		if r.deadLetter == "" {
			continue
		}
		known = append(known, r.route.Name)
		if len(o.Routes) == 0 || slices.Contains(o.Routes, r.route.Name) {
			chosen = append(chosen, r)
		}
	}
	if len(known) == 0 {
		return nil, errors.New(
			"no route has a dead_letter: there is nothing to replay; give the configuration of the daemon " +
				"whose dead letters they are (--config)")
	}
	for _, name := range o.Routes {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf(
				"--route %q has no dead_letter in the configuration; those that have one: %s", name,
				strings.Join(known, ", "))
		}
	}
	return chosen, nil
}

// wanted chooses dead letters of the routes that are replayed, by their reasons.
func (o *ReplayOptions) wanted(routes []routePlan) func(source.Letter) bool {
	return func(l source.Letter) bool {
		return (len(o.Reasons) == 0 || slices.Contains(o.Reasons, l.Reason)) &&
			slices.ContainsFunc(routes, func(r routePlan) bool { return r.route.Name == l.Route })
	}
}

// Run replays the dead letters of all chosen routes, or lists them, until none is left or ctx is done. Progress goes to
// stderr, the result to stdout: its last line is the one that the command's help promises. It returns ErrLeft if a
// selected dead letter is still there; other errors say what to do.
func (r *Replay) Run(ctx context.Context, stdout, stderr io.Writer, log *slog.Logger) error {
	p, o := r.plan, &r.options
	conn, err := p.ConnectNATS(ctx, log)
	if err != nil {
		return err
	}
	defer conn.Close()
	replays, err := o.replays(conn, p.routes, log)
	if err != nil {
		return err
	}
	if o.DryRun {
		return listLetters(ctx, replays, stdout)
	}
	if err := p.FirstKey(ctx); err != nil {
		return err
	}
	momento, err := p.Publisher(log)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "replaying at %.3g/s\n", p.pipeline.Limits.Region.Ceiling)
	counts, err := carryAll(ctx, p, conn, replays, momento, stderr, log)
	rejected, left := counts.Sums()
	for _, reason := range slices.Sorted(maps.Keys(counts.Rejected)) {
		fmt.Fprintf(stderr, "rejected again, and left where they are: %d as %s\n", counts.Rejected[reason], reason)
	}
	fmt.Fprintf(stdout, "replayed=%d rejected=%d skipped=%d left=%d\n", counts.Published+counts.Twice, rejected,
		counts.Skipped, left)
	if err != nil {
		return err
	}
	if ctx.Err() != nil || rejected+left+counts.Twice > 0 {
		return ErrLeft
	}
	return nil
}

// replays returns one replay for each subject.
func (o *ReplayOptions) replays(conn *nats.Conn, routes []routePlan,
	log *slog.Logger,
) (map[string]*source.Replay, error) {
	replays := map[string]*source.Replay{}
	for _, r := range routes {
		if replays[r.deadLetter] != nil {
			continue
		}
		replay, err := source.NewReplay(conn, r.deadLetter, o.wanted(routes), log)
		if err != nil {
			return nil, err
		}
		replays[r.deadLetter] = replay
	}
	return replays, nil
}

const (
	// A replay needs few connections and holds little: what it has not published is safe in the stream.
	replayWorkers, replayHeld = 4, 256
	replayProgress            = 5 * time.Second
)

// carryAll runs a pipeline until everything is published or rejected, or ctx is done.
func carryAll(ctx context.Context, p *Plan, conn *nats.Conn, replays map[string]*source.Replay, momento pipeline.Sink,
	progress io.Writer, log *slog.Logger,
) (source.ReplayCounts, error) {
	cfg := p.pipeline
	cfg.Workers, cfg.MaxMessages = min(cfg.Workers, replayWorkers), replayHeld
	for _, r := range p.routes {
		rc := r.route
		rc.Overload, rc.MaxAge = pipeline.Block, 0 // A dead letter was kept on purpose.
		rc.BelieveRejections = true                // What is rejected stays where it is,
		if rc.Empty == pipeline.EmptySkipped {     // and so does what is skipped.
			rc.Empty = pipeline.EmptyRejected
		}
		rc.Settler, rc.DeadLetters = replays[r.deadLetter], replays[r.deadLetter]
		cfg.Routes = append(cfg.Routes, rc)
	}
	pipe := pipeline.New(cfg, momento, log, pipeline.NewMetrics(prometheus.NewRegistry()))
	routes := map[string]source.ReplayRoute{}
	for i, r := range p.routes {
		routes[r.route.Name] = source.ReplayRoute{
			Template: r.template(), KeepHeader: r.keepsHeader(), Envelope: r.envelope(), Submit: pipe.Route(i).Submit,
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	side, stopSide := context.WithCancel(context.WithoutCancel(ctx))
	var sides, publishing sync.WaitGroup
	leave := visit(side, &sides, p, conn, pipe, log)
	sides.Go(func() {
		p.sink.Keys.Watch(side, keyInterval, pipe.KeyChanged, func(err error) {
			logNoKey(log, p.sink.Keys, err)
		})
	})
	sides.Go(func() { showProgress(side, pipe, p.sink.Keys, replays, progress) })
	publishing.Go(func() { pipe.Run(ctx) }) // Interrupted, it leaves what is queued in the stream.
	var errs []error
	for _, subject := range slices.Sorted(maps.Keys(replays)) {
		errs = append(errs, replays[subject].Run(ctx, routes, stop))
	}
	for i := range p.routes {
		pipe.Route(i).Close()
	}
	publishing.Wait()
	leave()
	stopSide()
	sides.Wait()
	return total(replays), errors.Join(errs...)
}

// template returns what makes topics of the route's subjects.
func (r *routePlan) template() *template.Template {
	if r.jetStream != nil {
		return r.jetStream.Template
	}
	return r.core.Template
}

// envelope returns what messages of the route are put into; nil: nothing.
func (r *routePlan) envelope() *source.Envelope {
	if r.jetStream != nil {
		return r.jetStream.Envelope
	}
	return r.core.Envelope
}

func total(replays map[string]*source.Replay) source.ReplayCounts {
	sum := source.ReplayCounts{Rejected: map[string]int{}}
	for _, r := range replays {
		sum.Add(r.Counts())
	}
	return sum
}

// showProgress writes a line now and then, until ctx is done.
func showProgress(
	ctx context.Context, pipe *pipeline.Pipeline, keys *key.Ring, replays map[string]*source.Replay, w io.Writer,
) {
	ticks := time.NewTicker(replayProgress)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		counts, stats := total(replays), pipe.Stats()
		rejected, left := counts.Sums()
		parts := []string{fmt.Sprintf("replayed %d, rejected %d, in hand %d, %.3g/s", counts.Published, rejected, left,
			stats.Quotas[0].Rate)}
		fmt.Fprintln(w, strings.Join(append(parts, status.EndpointReasons(&stats, keyFacts(keys))...), "; "))
	}
}
