package pipeline

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the pipeline's histograms. Counters and gauges are read from a snapshot at each scrape, see Collector.
type Metrics struct {
	publishSeconds  *prometheus.HistogramVec
	endToEndSeconds *prometheus.HistogramVec
	batchMessages   *prometheus.HistogramVec
	rateLimitWait   prometheus.Histogram
}

// NewMetrics registers the histograms.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		publishSeconds: prometheus.NewHistogramVec(histogram("publish_duration_seconds",
			"Time of one publish attempt, until the endpoint has answered.",
			.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10), []string{"route"}),
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

// histogram gives each histogram classic buckets and native ones.
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
