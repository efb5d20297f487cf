package daemon

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/admin"
	"momento-bridge/canary"
	"momento-bridge/daemon/status"
	"momento-bridge/pipeline"
)

func newCanarySeconds() prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Namespace: pipeline.Namespace, Name: "canary_seconds",
		Help: "Time of a canary's message from NATS through the bridge and the endpoint to its subscriber.",
		Buckets: []float64{
			.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60,
		},
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160,
		NativeHistogramMinResetDuration: time.Hour,
	})
}

// view says how the canaries do, by what the pipeline says at the same moment.
func (c *canaries) view(now time.Time, all *pipeline.Stats) *admin.Canary {
	if c == nil {
		return nil
	}
	b := bridgeOf(all, c.route)
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.watch.View(now, b)
	n := c.watch.Counts()
	s := &admin.Canary{
		State: string(v.State), Reason: status.Bounded(v.Reason), Cache: c.to.cache, Topic: c.to.topic,
		EverySeconds: c.every.Seconds(),
		Sent:         n.Sent, Seen: n.Seen, Lost: n.Lost, Found: n.Found, Late: n.Late, Duplicates: n.Duplicates,
		Reordered: n.Reordered, Foreign: n.Foreign, Withdrawn: n.Withdrawn, UnderWay: n.UnderWay,
		P50: c.quantile(0.5), P99: c.quantile(0.99),
	}
	if at, took, ok := c.watch.LastSeen(); ok {
		at, seconds := at.UTC(), took.Seconds()
		s.LastSeen, s.LastSeconds = &at, &seconds
	}
	return s
}

func (c *canaries) quantile(share float64) *float64 {
	took, ok := c.watch.Quantile(share)
	if !ok {
		return nil
	}
	seconds := took.Seconds()
	return &seconds
}

// tell logs how the canaries do, where that has changed.
func (c *canaries) tell(now time.Time) {
	all := c.d.pipe.Stats()
	v := c.view(now, &all)
	state := canary.State(v.State)
	before := c.told
	if state == before || state == canary.Waiting || before == "" && state == canary.OK {
		return
	}
	c.told = state
	if state == canary.OK {
		c.log.Info("canaries get through again")
		return
	}
	c.log.Warn("the canary says that messages do not get through as they should", "state", v.State, "reason", v.Reason)
}

// canaryMetrics are the metrics of the canaries; without any they are zero.
type canaryMetrics struct {
	sent, seen, lost, late, duplicates, reordered, state *prometheus.Desc
}

func newCanaryMetrics(desc func(name, help string, labels ...string) *prometheus.Desc) canaryMetrics {
	return canaryMetrics{
		sent: desc("canary_sent_total", "Messages of the canary that were sent."),
		seen: desc("canary_seen_total", "Messages of the canary that have come back, each counted once."),
		lost: desc("canary_lost_total", "Messages of the canary that did not come back in time."),
		late: desc("canary_late_total",
			"Messages of the canary that came long after the endpoint had accepted them, or after they were lost."),
		duplicates: desc("canary_duplicates_total", "Messages of the canary that came again."),
		reordered:  desc("canary_reordered_total", "Messages of the canary that came after one that was sent later."),
		state:      desc("canary_state", "1 for the state that the canary is in; none without a canary.", "state"),
	}
}

func (m *canaryMetrics) collect(ch chan<- prometheus.Metric, f *status.Facts) {
	c := f.Canary
	if c == nil {
		c = &admin.Canary{}
	}
	counter(ch, m.sent, float64(c.Sent))
	counter(ch, m.seen, float64(c.Seen))
	counter(ch, m.lost, float64(c.Lost))
	counter(ch, m.late, float64(c.Late))
	counter(ch, m.duplicates, float64(c.Duplicates))
	counter(ch, m.reordered, float64(c.Reordered))
	for _, s := range canary.States {
		gauge(ch, m.state, truth(string(s) == c.State), string(s))
	}
}
