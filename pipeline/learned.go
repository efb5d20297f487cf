package pipeline

import (
	"time"

	"momento-bridge/pipeline/quota"
)

// Learned is what is worth keeping of a quota, for when the program starts again.
type Learned = quota.Learned

// Learned returns what is worth keeping of the quotas, by their scopes as in [QuotaStats]. The map is the caller's.
func (p *Pipeline) Learned() map[string]Learned {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := map[string]Learned{}
	for scope, pacer := range p.d.teachable() {
		if l, ok := pacer.Learned(); ok {
			all[scope] = l
		}
	}
	return all
}

// Believe goes on from what was learned earlier of quotas, by their scopes, once SetLimits or Exchange lets them be
// learned.
func (p *Pipeline) Believe(learned map[string]Learned) {
	if len(learned) == 0 {
		return
	}
	p.mu.Lock()
	now := time.Now()
	p.d.believe(now, learned)
	if len(p.idle) > 0 && p.timer != nil {
		p.pump(now)
	}
	p.unlock()
}

// believe goes on from what was learned before the program was started.
func (d *dispatcher) believe(now time.Time, learned map[string]Learned) {
	for scope, pacer := range d.teachable() {
		if l, ok := learned[scope]; ok {
			pacer.Believe(now, l)
		}
	}
}

// teachable returns the quotas of publishes that are learned from refusals, by scope: a route's own is never meant.
func (d *dispatcher) teachable() map[string]*quota.Pacer {
	all := map[string]*quota.Pacer{ScopeRegion: d.region}
	for _, r := range d.routes {
		if r.cache.pacer != nil {
			all[ScopeOf(r.cfg.Cache)] = r.cache.pacer
		}
	}
	return all
}

// ScopeRegion is the scope of the quota that all publishes count towards.
const ScopeRegion = "region"

// ScopeOf is the scope of a cache's quota.
func ScopeOf(cache string) string { return "cache:" + cache }
