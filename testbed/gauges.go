package testbed

import (
	"math"

	dto "github.com/prometheus/client_model/go"

	"momento-bridge/loadtest/soak"
)

// Gauges are what the bridge's metrics say. NaN stands for what this machine does not tell.
func (b *Bed) Gauges() soak.Gauges {
	families, _ := b.bridge.Metrics().Gather() // What could not be gathered is not known.
	of := map[string]*dto.MetricFamily{}
	for _, f := range families {
		of[f.GetName()] = f
	}
	attempts := of["momento_bridge_publish_attempts_total"]
	return soak.Gauges{
		Accepted: sum(attempts, func(result string) bool { return result == "204" }),
		Refused:  sum(attempts, func(result string) bool { return result == "429" }),
		Failed:   sum(attempts, func(result string) bool { return result != "204" && result != "429" }),
		Opened:   sum(of["momento_bridge_connections_opened_total"], all), Memory: sum(
			of["process_resident_memory_bytes"], all), Heap: sum(of["go_memstats_heap_alloc_bytes"], all),
		Goroutines: sum(of["go_goroutines"], all), Files: sum(of["process_open_fds"], all),
	}
}

func all(string) bool { return true }

// sum adds up the children whose result is wanted.
func sum(f *dto.MetricFamily, wanted func(result string) bool) float64 {
	if f == nil {
		return math.NaN()
	}
	total := 0.0
	for _, m := range f.GetMetric() {
		result := ""
		for _, l := range m.GetLabel() {
			if l.GetName() == "result" {
				result = l.GetValue()
			}
		}
		if wanted(result) {
			total += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return total
}
