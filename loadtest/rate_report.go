package loadtest

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/figure"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/search"
)

// describe turns what was measured into a report.
func (r *rating) describe() *report.Report {
	c := &r.cfg
	out := &report.Report{
		Schema: report.Schema, Test: report.Rate, Limiter: "unknown", Unit: "not tested",
		Started: r.started.UTC(), Ended: time.Now().UTC(), DurationSeconds: time.Since(r.started).Seconds(),
		Interrupted: r.interrupted, Target: c.Target.Report(),
		Settings: report.Settings{
			Rate: c.Rate, Shape: c.Arrivals, MaxRequests: c.MaxRequests, Seed: c.Target.Seed,
			Labels: c.Labels,
		},
		Plateau: []report.Point{}, Refusals: refusals(r.engine.Refusals()), Seconds: series(r.engine.Seconds()),
	}
	out.Settings.MaxSeconds = c.Duration.Seconds()
	phase := r.trial.Phases[0]
	sent := phase.Accepted + phase.Refused + phase.Failed
	measured := r.engine.Measured()[0]
	out.Requests = sent
	out.Trials = []report.Trial{{
		Name: report.Rate, Rate: c.Rate, Began: phase.Began, Seconds: phase.Took, Sent: sent, Accepted: phase.Accepted,
		Refused: phase.Refused, Failed: phase.Failed, NotSent: r.engine.Counts().Missed, OfferedSeconds: phase.Offered,
		Unfit: r.unfit(), Passed: phase.Refused+phase.Failed == 0 && r.engine.Counts().Missed == 0,
	}}
	out.Latency = map[string]report.Latency{}
	for name, times := range map[string]drive.Times{
		"accepted": measured.Accepted, "refused": measured.Refused,
		"failed": measured.Failed,
	} {
		if times.Response.TotalCount() > 0 {
			out.Latency[name] = within(responseOf(times, c.Rate), phase.Began, phase.Took)
		}
	}
	out.Generator = report.Generator{
		OnTime:    onTime(measured.Delay, drive.Tolerance(c.Rate), r.engine.Counts().Missed-r.held()),
		SendDelay: within(LatencyOf(measured.Delay), phase.Began, phase.Took), CPU: measured.CPU,
		Cores: runtime.GOMAXPROCS(0), OS: runtime.GOOS + "/" + runtime.GOARCH,
	}
	out.Trials[0].OnTime = out.Generator.OnTime
	if r.following != nil {
		out.Target.Via = "nats"
		out.Delivery = r.following.delivery()
		out.Delivery.Latency = within(out.Delivery.Latency, 0, out.DurationSeconds)
	}
	out.Reason = strings.Join(r.reasons(out), "; ")
	return out
}

// reasons are what somebody who reads the numbers must know.
func (r *rating) reasons(out *report.Report) []string {
	var all []string
	err, held := r.failure(), r.held()
	switch {
	case out.Interrupted:
		all = append(all, "interrupted, so that what was on its way counts as lost")
		if out.Delivery == nil {
			all[0] = "interrupted"
		}
	case err != nil:
		all = append(all, "ended early: "+err.Error())
	case errors.Is(r.trial.Capped, search.ErrRequests):
		all = append(all,
			"ended early, after as many publishes as --max-requests allows: "+figure.Count(r.cfg.MaxRequests))
	}
	if held > 0 {
		all = append(all, "publishes that were not sent, as the daemons left no quota for them: "+figure.Count(held))
	}
	if missed := r.engine.Counts().Missed - held; missed > 0 {
		all = append(all, fmt.Sprintf(
			"publishes that were not sent, as it was too late for them: %s; the latencies leave them out",
			figure.Count(missed)))
	}
	if unfit := r.unfit(); unfit != "" {
		all = append(all, unfit)
	}
	if r.trial.Foreign {
		all = append(all, r.trial.Unfit)
	}
	if out.Delivery != nil && out.Delivery.Lost > 0 {
		for _, trouble := range r.following.behind {
			all = append(all, "a subscriber was cut off: "+trouble.Error())
		}
	}
	return all
}

// held is how many publishes were not sent because the daemons left no quota for them.
func (r *rating) held() int {
	if r.cfg.Target.Quota == nil {
		return 0
	}
	return min(r.cfg.Target.Quota.Held(), r.engine.Counts().Missed)
}

// unfit says why the trial does not count; empty if it does. What there was no quota for was not late.
func (r *rating) unfit() string {
	if r.trial.Foreign { // The machine that sent could not help it.
		return ""
	}
	phase, missed := r.trial.Phases[0], r.engine.Counts().Missed-r.held()
	sent := phase.Accepted + phase.Refused + phase.Failed
	if r.held() == 0 || sent == 0 || r.trial.OnTime >= drive.LeastSent { // Then that is not the reason.
		return r.trial.Unfit
	}
	if share := float64(sent) / float64(sent+missed); share < drive.LeastSent {
		return fmt.Sprintf("only %s of the publishes that there was quota for were sent", figure.Share(share))
	}
	return ""
}

// onTime is the share of publishes that were sent within their tolerance.
func onTime(delays *hdrhistogram.Histogram, tolerance time.Duration, missed int) float64 {
	punctual := int64(0)
	for _, bar := range delays.Distribution() {
		if bar.From <= tolerance.Microseconds() {
			punctual += bar.Count
		}
	}
	if all := delays.TotalCount() + int64(missed); all > 0 {
		return float64(punctual) / float64(all)
	}
	return 1
}
