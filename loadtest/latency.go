package loadtest

import (
	"github.com/HdrHistogram/hdrhistogram-go"

	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/report"
)

// leastAbove is how many samples must lie above a percentile for it to be told.
const leastAbove = 10

// ticks is how many points a spectrum has for each halving of what lies above, as HdrHistogram writes it by default.
const ticks = 5

// LatencyOf turns a distribution in microseconds into what a report says of it.
func LatencyOf(h *hdrhistogram.Histogram) report.Latency {
	l := report.Latency{Count: int(h.TotalCount())}
	if l.Count == 0 {
		return l
	}
	l.Min, l.Max, l.Mean, l.StdDev = seconds(float64(h.Min())), seconds(float64(h.Max())), seconds(h.Mean()),
		seconds(h.StdDev())
	for _, p := range [...]struct {
		percent float64
		to      **float64
	}{{50, &l.P50}, {90, &l.P90}, {99, &l.P99}, {99.9, &l.P999}} {
		if float64(l.Count)*(100-p.percent)/100 >= leastAbove {
			*p.to = seconds(float64(h.ValueAtQuantile(p.percent)))
		}
	}
	if text, err := h.EncodeV2(); err == nil {
		l.Histogram = string(text)
	}
	for _, b := range h.CumulativeDistributionWithTicks(ticks) {
		l.Spectrum = append(l.Spectrum, report.Quantile{Share: b.Quantile / 100, Seconds: float64(b.ValueAt) / 1e6})
	}
	return l
}

func seconds(microseconds float64) *float64 {
	s := microseconds / 1e6
	return &s
}

// within notes when a distribution was measured, in seconds after the start.
func within(l report.Latency, began, took float64) report.Latency {
	l.Began, l.Seconds = began, took
	if l.Service != nil {
		l.Service.Began, l.Service.Seconds = began, took
	}
	return l
}

// responseOf is the time from planned to answered, with that from sent to answered beside it.
func responseOf(t drive.Times, rate float64) report.Latency {
	l, service := LatencyOf(t.Response), LatencyOf(t.Service)
	l.Service, l.Rate = &service, rate
	return l
}
