package drive

import (
	"fmt"
	"runtime"
	"time"

	"momento-bridge/loadtest/figure"
	"momento-bridge/loadtest/search"
)

// LeastSent is the share of the publishes that must be sent in time for a trial to count.
const LeastSent = 0.995

// What else a trial must be like to count.
const (
	mostCPU     = 0.8 // Of all cores.
	mostFailed  = 0.001
	surely      = 0.1  // Failed: not because the machine stood still.
	mostOpened  = 0.01 // Connections per publish.
	clockStep   = 50 * time.Millisecond
	mostWaiting = 0.7         // Of the time of all connections.
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

// conclude keeps what was measured in a trial, and says whether it counts.
func (e *Engine) conclude(trial *search.Trial, all []*phase, before gauge) {
	last := all[len(all)-1]
	o := &trial.Phases[len(all)-1]
	sent := o.Accepted + o.Refused + o.Failed
	record := newRecord()
	for _, of := range e.records {
		record.merge(of)
	}
	after := e.measure()
	wall := after.now.Sub(before.now)
	m := Measured{
		Record: record, Rate: last.Rate, OnTime: 1, Sent: sent, Planned: sent + o.Missed,
	}
	if wall > 0 { // A test that is interrupted at once takes no time.
		m.CPU = (after.cpu - before.cpu).Seconds() / wall.Seconds() / float64(runtime.GOMAXPROCS(0))
	}
	if m.Planned > 0 {
		m.OnTime = float64(sent) / float64(m.Planned)
	}
	stall := time.Duration(record.Delay.Max()) * time.Microsecond
	for _, ph := range all {
		stall = max(stall, time.Duration(ph.stall))
	}
	m.Stall = stall.Seconds()
	late := m.tooLate(last.Late, e.cfg.Patience > 0)
	took, waited := e.waited(&m, o)
	m.Waited = waited && m.OnTime < LeastSent
	e.measured = append(e.measured, m)
	trial.OnTime, trial.Stall, trial.Tolerance = m.OnTime, m.Stall, e.lateness(last).Seconds()
	if m.Planned == 0 {
		return
	}
	if trial.Unfit = e.unfit(&m, before, after); trial.Unfit != "" {
		return
	}
	trial.Unfit = e.troubled(&m, o, before, after)
	switch {
	case trial.Unfit == "" && m.Waited:
		trial.Unfit, trial.Foreign = fmt.Sprintf("%s, as all %d connections (--connections) waited for answers, which "+
			"took %s", late, e.active.Load(), figure.Time(took)), true
	case trial.Unfit == "":
		trial.Unfit, trial.Late = late, late != ""
	case late == "" || float64(o.Failed) > surely*float64(m.Sent):
		trial.Foreign = true
	default: // A machine that stands still has connections closed and times out itself.
		trial.Unfit += "; " + late
	}
}

// waited reports whether the connections were waiting for answers nearly all of the time, and how many seconds one
// took. Where publishes may wait for a connection their times show that.
func (e *Engine) waited(m *Measured, o *search.Outcome) (took float64, waited bool) {
	sum, n := 0.0, 0.0
	for _, times := range [...]Times{m.Accepted, m.Refused, m.Failed} {
		count := float64(times.Service.TotalCount())
		sum, n = sum+count*times.Service.Mean()/1e6, n+count
	}
	if n == 0 || e.cfg.Patience > 0 {
		return 0, false
	}
	return sum / n, sum > mostWaiting*o.Took*float64(e.active.Load())
}

// tooLate says why the publishes were not sent as exactly as they should be, where so many seconds do not matter;
// empty: they were. Where publishes may wait for a connection, those that were sent need not have been in time.
func (m *Measured) tooLate(allowed float64, waited bool) string {
	delay := time.Duration(m.Delay.ValueAtQuantile(99)) * time.Microsecond
	switch {
	case m.OnTime < LeastSent && waited:
		return fmt.Sprintf(
			"only %s of its publishes were sent, as it was too late for the others", figure.Share(m.OnTime))
	case m.OnTime < LeastSent:
		return fmt.Sprintf("only %s of its publishes were sent in time", figure.Share(m.OnTime))
	case delay > max(Strictly(m.Rate), time.Duration(allowed*float64(time.Second))):
		return fmt.Sprintf("1 %% of its publishes were sent %s late or more", figure.Time(delay.Seconds()))
	}
	return ""
}

// unfit says why a trial does not count, besides being late; empty: it does.
func (e *Engine) unfit(m *Measured, before, after gauge) string {
	wall := after.now.Sub(before.now)
	step := after.now.Round(0).Sub(before.now.Round(0)) - wall
	switch {
	case m.CPU > mostCPU && wall > shortestCPU:
		return fmt.Sprintf("the program itself used %s of the CPU", figure.Share(m.CPU))
	case step > clockStep || step < -clockStep:
		return fmt.Sprintf("the clock was set, by %v", step)
	}
	return ""
}

// troubled says what the endpoint did for which a trial does not count; empty: nothing.
func (e *Engine) troubled(m *Measured, o *search.Outcome, before, after gauge) string {
	opened := float64(after.opened - before.opened)
	switch {
	case float64(o.Failed) > max(1, mostFailed*float64(m.Sent)):
		return fmt.Sprintf("%s of %s publishes failed otherwise than for quota (%s)", figure.Count(o.Failed),
			figure.Count(m.Sent), *e.failure.Load())
	case m.Rate*onceIn >= 1 &&
		opened > max(1, mostOpened*float64(m.Sent)): // More slowly even a single one would lie idle.
		return fmt.Sprintf("%.0f connections were opened meanwhile", opened)
	}
	return ""
}
