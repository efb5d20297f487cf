package pipeline

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/pipeline/quota"
)

// Metrics are the pipeline's histograms. Counters and gauges are read from a snapshot at each scrape; see
// Pipeline.Collect.
type Metrics struct {
	publishSeconds  *prometheus.HistogramVec
	endToEndSeconds *prometheus.HistogramVec
	batchMessages   *prometheus.HistogramVec
	rateLimitWait   prometheus.Histogram
	times           publishTimes
}

// NewMetrics registers the histograms.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		publishSeconds: prometheus.NewHistogramVec(histogram("publish_duration_seconds",
			"Time of one publish attempt, until the endpoint has answered.",
			publishBounds[:]...), []string{"route"}),
		endToEndSeconds: prometheus.NewHistogramVec(histogram("end_to_end_seconds",
			"Time from the stream's time stamp, or the arrival from core NATS, to the endpoint's acceptance.",
			.001, .005, .01, .05, .1, .5, 1, 5, 10, 60, 300, 1800, 3600), []string{"route"}),
		batchMessages: prometheus.NewHistogramVec(histogram("batch_messages",
			"Messages of an accepted batch.",
			1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024), []string{"route"}),
		rateLimitWait: prometheus.NewHistogram(histogram("rate_limit_wait_seconds",
			"Time that the next publish waited for a token, while a rate is in force.",
			.0001, .001, .01, .1, .5, 1, 5, 10, 60)),
	}
	reg.MustRegister(m.publishSeconds, m.endToEndSeconds, m.batchMessages, m.rateLimitWait)
	return m
}

// forget takes the histograms of a route away.
func (m *Metrics) forget(route string) {
	for _, of := range [...]*prometheus.HistogramVec{m.publishSeconds, m.endToEndSeconds, m.batchMessages} {
		of.DeleteLabelValues(route)
	}
}

// histogram returns the options of a histogram with classic buckets and native ones.
func histogram(name, help string, buckets ...float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Namespace:                       Namespace,
		Name:                            name,
		Help:                            help,
		Buckets:                         buckets,
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  160,
		NativeHistogramMinResetDuration: time.Hour,
	}
}

// Namespace begins the name of every metric of the program.
const Namespace = "momento_bridge"

var (
	descReceived  = desc("messages_received_total", "Messages taken over from NATS.", "route")
	descSettled   = desc("messages_settled_total", "Messages that have ended, by outcome.", "route", "outcome")
	descAttempts  = desc("publish_attempts_total", "Publish attempts, by the endpoint's answer.", "route", "result")
	descRetries   = desc("retries_total", "Messages put back to be tried again, by reason.", "route", "reason")
	descAmbiguous = desc("ambiguous_total",
		"Attempts of which nobody knows whether the endpoint accepted them.", "route")
	descBytes      = desc("published_bytes_total", "Payload accepted by the endpoint.", "route")
	descOperations = desc("operations_total",
		"Operations of the accepted publishes: one for each started KiB, deliveries not counted.", "route")
	descSkipped = desc("messages_skipped_total",
		"Messages without bytes that were skipped on purpose; they are among those dropped.", "route")
	descRedelivered = desc("redelivered_total", "Messages that JetStream delivered again.", "route")
	descQueued      = desc("messages_queued", "Messages held and not in flight.", "route")
	descAside       = desc("messages_put_aside",
		"Messages that the endpoint refuses again and again while it accepts others, and what waits behind "+
			"them.", "route")
	descForbidden = desc("forbidden_topics",
		"Topics that the API key may not publish to, as far as is known.", "route")
	descForbiddenHeld = desc("messages_held_by_forbidden",
		"Messages that wait for topics that the API key may not publish to; they are among those put aside.", "route")
	descLeftAlone = desc("left_alone_until_timestamp_seconds",
		"Until when nothing of the route is published because the endpoint asks for a pause (Retry-After); 0: it "+
			"does not.", "route")
	descInFlight    = desc("messages_in_flight", "Messages being published.", "route")
	descQueuedBytes = desc("queued_bytes", "Payload held, in flight included.")
	descDepth       = desc("connection_depth",
		"Publishes that may be in flight on a connection; by need, where momento.in_flight is auto.")
	descRate = desc("rate_limit",
		"Rate in force, per second: publishes, operations where the limits count those, or bytes in the scope "+
			"throughput.", "scope")
	descLearned = desc("rate_limit_learned",
		"The endpoint's quota as learned from its refusals, per second; 0 where none was met.", "scope")
	descFloor = desc("rate_limit_floor",
		"The share of publishes that the endpoint refuses at any rate, from 0 to 1; 0 where none is known.", "scope")
	descRateState = desc("rate_limit_state",
		"1 for what sets the rate: nothing, the configuration, the search for a quota, a quota that was found, a "+
			"pause after a refusal.", "scope", "state")
	descThrottled = desc("throttled", "1 while the endpoint refuses for quota.")
	descMoved     = desc("connections_moved_total",
		"Connections made anew because their server, crowded with them, refused more than others.")
	descDown       = desc("endpoint_down", "1 while the endpoint as a whole is taken for down.")
	descKeyRefused = desc("api_key_refused", "1 while the endpoint refuses the API key, or there is none yet.")
	descLimited    = desc("route_limited", "1 for what holds back the messages of the route that wait.", "route", "by")
)

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(Namespace, "", name), help, labels, nil)
}

// Describe implements prometheus.Collector.
func (p *Pipeline) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(p, ch) }

// Collect implements prometheus.Collector. All values come from one snapshot, so that the ledger holds in every scrape.
func (p *Pipeline) Collect(ch chan<- prometheus.Metric) {
	s := p.Stats()
	gauge(ch, descQueuedBytes, float64(s.QueuedBytes))
	gauge(ch, descDepth, float64(s.Depth))
	refusing := false
	for _, q := range s.Quotas {
		refusing = refusing || q.Refusing
		gauge(ch, descRate, q.Rate, q.Scope)
		gauge(ch, descLearned, q.Learned, q.Scope)
		gauge(ch, descFloor, q.Floor, q.Scope)
		for _, state := range quota.States {
			gauge(ch, descRateState, truth(state == q.State), q.Scope, string(state))
		}
	}
	gauge(ch, descThrottled, truth(refusing))
	counter(ch, descMoved, s.Moved)
	gauge(ch, descDown, truth(s.Down))
	gauge(ch, descKeyRefused, truth(s.KeyRefused))
	for _, r := range s.Routes {
		r.collect(ch)
	}
}

func (s *RouteStats) collect(ch chan<- prometheus.Metric) {
	counter(ch, descReceived, s.Received, s.Name)
	for o, n := range s.Settled.All() {
		counter(ch, descSettled, n, s.Name, o.String())
	}
	for result, n := range s.Attempts.All() {
		counter(ch, descAttempts, n, s.Name, result.String())
	}
	for reason, n := range s.Retries.All() {
		counter(ch, descRetries, n, s.Name, reason)
	}
	counter(ch, descAmbiguous, s.Ambiguous, s.Name)
	counter(ch, descBytes, s.Bytes, s.Name)
	counter(ch, descOperations, s.Operations, s.Name)
	counter(ch, descSkipped, s.Skipped, s.Name)
	counter(ch, descRedelivered, s.Redelivered, s.Name)
	gauge(ch, descQueued, float64(s.Queued), s.Name)
	gauge(ch, descAside, float64(s.Aside), s.Name)
	gauge(ch, descForbidden, float64(s.Forbidden), s.Name)
	gauge(ch, descForbiddenHeld, float64(s.ForbiddenHeld), s.Name)
	gauge(ch, descLeftAlone, seconds(s.LeftAlone), s.Name)
	gauge(ch, descInFlight, float64(s.InFlight), s.Name)
	for _, by := range RouteLimits {
		gauge(ch, descLimited, truth(by == s.LimitedBy), s.Name, string(by))
	}
}

func counter(ch chan<- prometheus.Metric, d *prometheus.Desc, v uint64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
}

func gauge(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

// seconds returns a time as a Unix time stamp; 0 for the zero time.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.Unix())
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
