package pipeline

import (
	"fmt"
	"math"
	"time"
)

// QuotaStats is what is known of one quota.
type QuotaStats struct {
	Scope   string  // region, throughput (bytes per second), cache:NAME or route:NAME.
	Rate    float64 // In force, per second; +Inf without one.
	Learned float64 // The quota as learned from refusals; 0: none was met.
	State   QuotaState
	Reason  string // The state in words, with figures.
	// Refusing says that the latest answer that tells was a refusal.
	Refusing bool
}

// QuotaState says what sets the rate.
type QuotaState string

// The states of a quota.
const (
	Unlimited QuotaState = "unlimited" // Nothing does.
	AtCeiling QuotaState = "ceiling"   // The configuration.
	Searching QuotaState = "searching" // No refusal yet: the rate doubles while messages wait.
	Holding   QuotaState = "holding"   // The quota as learned.
	Waiting   QuotaState = "waiting"   // A refusal: nothing starts for a while.
)

// QuotaStates lists every state.
var QuotaStates = [...]QuotaState{Unlimited, AtCeiling, Searching, Holding, Waiting}

// quotaStats returns all quotas, the region's first.
func (d *dispatcher) quotaStats(now time.Time) []QuotaStats {
	all := []QuotaStats{d.region.stats("region", now)}
	throughput := QuotaStats{Scope: "throughput", Rate: math.Inf(1), State: Unlimited, Reason: "no refusal was about bytes"}
	if d.throughput != nil {
		throughput = d.throughput.stats("throughput", now)
	}
	all = append(all, throughput)
	seen := map[*pacer]bool{}
	for _, r := range d.routes {
		if p := r.cache.pacer; p != nil && !seen[p] {
			seen[p] = true
			all = append(all, p.stats("cache:"+r.cfg.Cache, now))
		}
		if r.pacer != nil {
			all = append(all, r.pacer.stats("route:"+r.cfg.Name, now))
		}
	}
	return all
}

func (p *pacer) stats(scope string, now time.Time) QuotaStats {
	l := &p.learner
	s := QuotaStats{Scope: scope, Rate: l.rate, Learned: l.quota, Refusing: p.throttled}
	switch {
	case now.Before(p.pausedUntil):
		s.State = Waiting
		s.Reason = fmt.Sprintf("refused for quota (429): nothing starts for another %v", p.pausedUntil.Sub(now).Round(time.Millisecond))
	case math.IsInf(l.rate, 1):
		s.State, s.Reason = Unlimited, "no rate is set and none has been learned"
	case l.rate >= l.ceiling:
		s.State, s.Reason = AtCeiling, fmt.Sprintf("the configured rate of %.4g/s", l.ceiling)
	case l.quota == 0:
		s.State, s.Reason = Searching, fmt.Sprintf("no refusal yet: %.4g/s, doubled each second while messages wait", l.rate)
	default:
		s.State, s.Reason = Holding, fmt.Sprintf("the endpoint's quota is about %.4g/s: %.4g/s, probing gently", l.quota, l.rate)
	}
	return s
}
