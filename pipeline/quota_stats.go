package pipeline

import (
	"math"
	"time"

	"momento-bridge/pipeline/quota"
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
type QuotaState = quota.State

// quotaStats returns all quotas, the region's first.
func (d *dispatcher) quotaStats(now time.Time) []QuotaStats {
	all := []QuotaStats{quotaStats("region", d.region, now)}
	throughput := QuotaStats{Scope: "throughput", Rate: math.Inf(1), State: quota.Unlimited, Reason: "no refusal was about bytes"}
	if d.throughput != nil {
		throughput = quotaStats("throughput", d.throughput, now)
	}
	all = append(all, throughput)
	seen := map[*quota.Pacer]bool{}
	for _, r := range d.routes {
		if p := r.cache.pacer; p != nil && !seen[p] {
			seen[p] = true
			all = append(all, quotaStats("cache:"+r.cfg.Cache, p, now))
		}
		if r.pacer != nil {
			all = append(all, quotaStats("route:"+r.cfg.Name, r.pacer, now))
		}
	}
	return all
}

func quotaStats(scope string, p *quota.Pacer, now time.Time) QuotaStats {
	s := p.Stats(now)
	return QuotaStats{Scope: scope, Rate: s.Rate, Learned: s.Learned, State: s.State, Reason: s.Reason, Refusing: s.Refusing}
}
