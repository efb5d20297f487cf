package rig

import (
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// Meter measures one benchmark: messages per second, CPU time of the process for each message, and allocations.
type Meter struct {
	b   *testing.B
	cpu time.Duration
}

// Start begins to measure. What was done before does not count.
func Start(b *testing.B) *Meter {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer()
	return &Meter{b: b, cpu: lab.OwnCPU()}
}

// Stop ends the measurement. The benchmark fails unless everybody who counts has counted as many messages as it was to
// send.
func (m *Meter) Stop(delivered ...int) {
	m.b.Helper()
	m.b.StopTimer()
	cpu := lab.OwnCPU() - m.cpu
	for _, n := range delivered {
		if n != m.b.N {
			m.b.Fatalf("%d of %d delivered", n, m.b.N)
		}
	}
	m.b.ReportMetric(float64(m.b.N)/m.b.Elapsed().Seconds(), "msg/s")
	if cpu > 0 {
		m.b.ReportMetric(float64(cpu.Nanoseconds())/1e3/float64(m.b.N), "cpu-µs/msg")
	}
}
