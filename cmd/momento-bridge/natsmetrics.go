package main

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/pipeline"
	"momento-bridge/source"
)

// natsMetrics are the metrics of the NATS side, read at each scrape.
type natsMetrics struct {
	b                            *bridge
	connected, dropped           *prometheus.Desc
	pending, ackPending, replica *prometheus.Desc
	drain                        *prometheus.Desc
}

func newNATSMetrics(b *bridge) *natsMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(pipeline.Namespace+"_"+name, help, labels, nil)
	}
	return &natsMetrics{
		b:          b,
		connected:  desc("nats_connected", "1 while connected to NATS."),
		dropped:    desc("source_dropped_total", "Messages that the core NATS client dropped because its buffer was full.", "route"),
		pending:    desc("consumer_pending", "Messages of the stream that the consumer has not delivered yet.", "route"),
		ackPending: desc("consumer_ack_pending", "Messages delivered to any replica and not acknowledged yet.", "route"),
		drain:      desc("drain_seconds", "Time until the backlog will be gone, as forecast from arrivals and what is published: 0 while the route keeps up, +Inf for never.", "route"),
		replica:    desc("replicas", "Members of the group seen, this one included."),
	}
}

// Describe implements prometheus.Collector.
func (m *natsMetrics) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, ch) }

// Collect implements prometheus.Collector.
func (m *natsMetrics) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	connected := 0.0
	if m.b.nats.IsConnected() {
		connected = 1
	}
	gauge(m.connected, connected)
	gauge(m.replica, 1)
	for i, src := range m.b.sources {
		name := m.b.plan.routes[i].route.Name
		var dropped int64
		switch src := src.(type) {
		case *source.Core:
			dropped = src.Dropped()
		case *source.JetStream:
			undelivered, unacknowledged := src.Pending()
			gauge(m.pending, float64(undelivered), name)
			gauge(m.ackPending, float64(unacknowledged), name)
		}
		_, forecast := m.b.backlogs.of(i)
		gauge(m.drain, drainSeconds(forecast), name)
		ch <- prometheus.MustNewConstMetric(m.dropped, prometheus.CounterValue, float64(dropped), name)
	}
}

// buildInfo is 1, with the version as a label.
func buildInfo() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace:   pipeline.Namespace,
		Name:        "build_info",
		Help:        "1, with the version of the program.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version()},
	}, func() float64 { return 1 })
}
