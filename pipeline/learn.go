package pipeline

import (
	"time"
)

// releaseProbes ends the probes that p was and whose gates are still closed: the next probe may start after the delay.
func (d *dispatcher) releaseProbes(now time.Time, p *parcel) {
	if !p.gated {
		return
	}
	for i, g := range p.lane.gates(d) {
		if p.probes[i] && g.closed && i != topicGate {
			d.credit(p.lane.route, i)
		}
		if p.probes[i] && g.probing {
			g.undecided(now)
		}
		if p.trials[i] {
			g.flying = max(0, g.flying-1)
		}
		p.probes[i], p.trials[i] = false, false
	}
}
