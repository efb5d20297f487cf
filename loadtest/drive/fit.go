package drive

import (
	"fmt"
	"runtime"
	"time"

	"momento-bridge/loadtest/figure"
)

// LeastSent is the share of the publishes that must be sent in time for a trial to count.
const LeastSent = 0.995

// What else a trial must be like to count.
const (
	mostDelay   = strictly // Of all but one percent, or a tenth of the distance between two.
	mostCPU     = 0.8      // Of all cores.
	mostFailed  = 0.001
	mostOpened  = 0.01 // Connections per publish.
	clockStep   = 50 * time.Millisecond
	shortestCPU = time.Second // Of a trial whose use of the CPU says anything.
)

// gauge is how the program was doing at a moment.
type gauge struct {
	now    time.Time // With both clocks.
	cpu    time.Duration
	opened uint64
}

func (e *Engine) measure() gauge {
	g := gauge{now: time.Now(), cpu: e.cfg.Machine.CPU()}
	if e.cfg.Opened != nil {
		g.opened = e.cfg.Opened()
	}
	return g
}

// conclude keeps what was measured in a trial, and says why its last phase does not count; empty if it does.
func (e *Engine) conclude(last *phase, before gauge) string {
	var counts [fates]int
	last.ledger.each(func(f fate, _ int64) { counts[f]++ })
	sent := counts[accepted] + counts[refused] + counts[failed]
	planned := sent + counts[missed]
	record := newRecord()
	for _, of := range e.records {
		record.merge(of)
	}
	after := e.measure()
	wall := after.now.Sub(before.now)
	m := Measured{
		Record: record, Rate: last.Rate, OnTime: 1,
		CPU: (after.cpu - before.cpu).Seconds() / wall.Seconds() / float64(runtime.GOMAXPROCS(0)),
	}
	if planned > 0 {
		m.OnTime = float64(sent) / float64(planned)
	}
	e.measured = append(e.measured, m)
	delay := time.Duration(record.Delay.ValueAtQuantile(99)) * time.Microsecond
	step := after.now.Round(0).Sub(before.now.Round(0)) - wall
	opened := float64(after.opened - before.opened)
	switch {
	case planned == 0:
		return ""
	case m.OnTime < LeastSent:
		return fmt.Sprintf("only %s of the publishes were sent in time", figure.Share(m.OnTime))
	case delay > max(mostDelay, time.Duration(0.1*float64(time.Second)/last.Rate)):
		return fmt.Sprintf("1 %% of the publishes were sent %s late or more", figure.Time(delay.Seconds()))
	case m.CPU > mostCPU && wall > shortestCPU:
		return fmt.Sprintf("the program itself used %s of the CPU", figure.Share(m.CPU))
	case step > clockStep || step < -clockStep:
		return fmt.Sprintf("the clock was set, by %v", step)
	case float64(counts[failed]) > max(1, mostFailed*float64(sent)):
		return fmt.Sprintf("%d of %d publishes failed otherwise than for quota", counts[failed], sent)
	case last.Rate*onceIn >= 1 &&
		opened > max(1, mostOpened*float64(sent)): // More slowly even a single one would lie idle.
		return fmt.Sprintf("%.0f connections were opened meanwhile", opened)
	}
	return ""
}
