package daemon

import (
	"time"

	"momento-bridge/pipeline"
	"momento-bridge/tracing"
)

// trace sets traces up, if the environment asks for them.
func (d *Daemon) trace() (err error) {
	if d.cfg.Getenv == nil {
		return nil
	}
	wanted, note := tracing.Wanted(d.cfg.Getenv)
	if note != "" {
		d.log.Warn("traces are not sent as the environment asks", "reason", note)
	}
	if !wanted {
		return nil
	}
	d.log.Info("messages are traced, as OTEL_EXPORTER_OTLP_ENDPOINT is set", "see", "docs/tracing.md")
	d.tracing, err = tracing.New(d.cfg.Version, d.log)
	return err
}

// tracer is what sources and pipeline are told; nil: there are no traces.
func (d *Daemon) tracer() pipeline.Tracer {
	if d.tracing == nil {
		return nil
	}
	return d.tracing
}

// leastFlush and mostFlush are what sending the last traces may take: a collector that is away is not waited for as
// long as messages are.
const leastFlush, mostFlush = 100 * time.Millisecond, 3 * time.Second

// endTraces sends what is left of the traces, in the time that is left for the stop.
func (d *Daemon) endTraces() {
	if d.tracing == nil {
		return
	}
	left := mostFlush
	if drain := d.endBy.Load(); drain != nil {
		left = min(left, time.Until(*drain))
	}
	d.tracing.Close(time.Now().Add(max(left, leastFlush)))
}
