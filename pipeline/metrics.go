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
	times           *prometheus.Registry // Of publishSeconds alone.
}

// NewMetrics registers the histograms.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		publishSeconds: prometheus.NewHistogramVec(histogram("publish_duration_seconds",
			"Time of one publish attempt, until the endpoint has answered.",
			publishBounds...), []string{"route"}),
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
	m.times = prometheus.NewRegistry()
	m.times.MustRegister(m.publishSeconds)
	reg.MustRegister(m.publishSeconds, m.endToEndSeconds, m.batchMessages, m.rateLimitWait)
	return m
}

// PublishTimes returns how long publish attempts have taken so far, of all routes: the upper bounds of the classes in seconds, and how many
// took up to as long. Those that took longer than the last bound are counted only in total. It may be called concurrently.
func (m *Metrics) PublishTimes() (bounds []float64, upTo []uint64, total uint64) {
	upTo = make([]uint64, len(publishBounds))
	families, err := m.times.Gather()
	if err != nil || len(families) == 0 { // It cannot fail for one histogram.
		return publishBounds, upTo, 0
	}
	for _, metric := range families[0].GetMetric() {
		histogram := metric.GetHistogram()
		total += histogram.GetSampleCount()
		for i, bucket := range histogram.GetBucket()[:len(upTo)] {
			upTo[i] += bucket.GetCumulativeCount()
		}
	}
	return publishBounds, upTo, total
}

// publishBounds are the classes of publish durations, in seconds.
var publishBounds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

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
