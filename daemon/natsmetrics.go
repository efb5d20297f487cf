package daemon

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/daemon/status"
	"momento-bridge/pipeline"
)

// natsMetrics are the metrics of the NATS side: at each scrape, of the same facts as the status.
type natsMetrics struct {
	d                                  *Daemon
	connected, reconnects, unconfirmed *prometheus.Desc
	bound, dropped, drain              *prometheus.Desc
	pending, ackPending                *prometheus.Desc
	heartbeatsMissed, renewals         *prometheus.Desc
	group                              groupMetrics
	canary                             canaryMetrics
}

func newNATSMetrics(d *Daemon) *natsMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(pipeline.Namespace+"_"+name, help, labels, nil)
	}
	return &natsMetrics{
		d:           d,
		connected:   desc("nats_connected", "1 while connected to NATS."),
		reconnects:  desc("nats_reconnects_total", "Times that the connection to NATS was made again."),
		unconfirmed: desc("acks_unconfirmed", "Acknowledgements that NATS may not have got."),
		bound: desc("consumer_bound", "1 while the route consumes; 0 also while another replica carries it.",
			"route"),
		dropped: desc("source_dropped_total",
			"Messages of core NATS that were dropped because there was no memory for them.", "route"),
		drain: desc("drain_seconds",
			"Time until the backlog will be gone, as forecast from arrivals and what is published: 0 while the route "+
				"keeps up, +Inf for never, NaN while that is not known, and where another replica "+
				"carries it.", "route"),
		pending: desc("consumer_pending",
			"Messages of the stream that the consumer has not delivered yet; of a route's partitions, those that are "+
				"carried here.", "route"),
		ackPending: desc("consumer_ack_pending",
			"Messages delivered to any replica and not acknowledged yet.", "route"),
		heartbeatsMissed: desc("consumer_heartbeats_missed_total",
			"Times that a stream's consumer was silent for longer than its heartbeats allow.", "route"),
		renewals: desc("renewals_total", "Deliveries whose time to be acknowledged was extended.", "route"),
		group:    newGroupMetrics(desc),
		canary:   newCanaryMetrics(desc),
	}
}

// Describe implements prometheus.Collector.
func (m *natsMetrics) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, ch) }

// Collect implements prometheus.Collector.
func (m *natsMetrics) Collect(ch chan<- prometheus.Metric) {
	m.d.lineup.RLock()
	defer m.d.lineup.RUnlock()
	facts := m.d.factsOfLineup()
	gauge(ch, m.connected, truth(facts.NATS.Connected))
	counter(ch, m.reconnects, float64(m.d.nats.Stats().Reconnects))
	gauge(ch, m.unconfirmed, float64(m.d.acks.Unconfirmed()))
	m.group.collect(ch, &facts)
	m.canary.collect(ch, &facts)
	for i := range m.d.sources {
		m.collectRoute(ch, i, &facts)
	}
}

func (m *natsMetrics) collectRoute(ch chan<- prometheus.Metric, i int, all *status.Facts) {
	name, facts := m.d.plan.routes[i].route.Name, &all.Routes[i]
	bound := facts.NotReady == "" && !all.StandsBy(i)
	_, drain, _ := all.Forecast(i)
	var missed, renewals uint64
	if src, ok := m.d.sources[i].(streamSource); ok {
		gauge(ch, m.pending, float64(facts.Undelivered), name)
		gauge(ch, m.ackPending, float64(src.Numbers().Unacknowledged), name)
		missed, renewals = src.Missed(), src.Renewals()
	}
	gauge(ch, m.bound, truth(bound), name)
	gauge(ch, m.drain, drain, name)
	counter(ch, m.dropped, float64(facts.Missed), name)
	counter(ch, m.heartbeatsMissed, float64(missed), name)
	counter(ch, m.renewals, float64(renewals), name)
}

func gauge(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func counter(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// buildInfo is 1, with the version as a label.
func buildInfo(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace:   pipeline.Namespace,
		Name:        "build_info",
		Help:        "1, with the version of the program.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version()},
	}, func() float64 { return 1 })
}
