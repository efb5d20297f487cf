package daemon

import (
	"maps"
	"time"

	"momento-bridge/daemon/state"
	"momento-bridge/pipeline"
)

// awaken returns what is believed of quotas that are to be learned under other limits, and are not under the present
// ones. It may wait for the disk for a moment.
func (k *keeper) awaken(now time.Time, next *pipeline.Limits) knowledge {
	whose := k.plan.account()
	k.mu.Lock()
	begins := map[string]bool{}
	for _, scope := range scopesOf(next) {
		if !learns(&k.limits, scope) && learns(next, scope) {
			begins[scope] = true
		}
	}
	learned := map[string]pipeline.Learned{}
	for scope := range begins {
		// What is known is newer than what was written.
		if q := k.known[scope]; q.Account == whose && q.PerSecond > 0 && now.Sub(q.Measured) <= state.Believed {
			learned[scope] = pipeline.Learned{Quota: q.PerSecond, Floor: q.Floor, Found: q.Found}
			delete(begins, scope)
		}
	}
	k.mu.Unlock()
	if len(begins) == 0 {
		return learned
	}
	quotas, err := k.plan.recallThose(now, func(scope string) bool { return begins[scope] })
	k.mu.Lock()
	defer k.mu.Unlock()
	maps.Copy(learned, k.believe(now, quotas, err))
	return learned
}

func scopesOf(l *pipeline.Limits) []string {
	scopes := []string{pipeline.ScopeRegion}
	for cache := range l.Caches {
		scopes = append(scopes, pipeline.ScopeOf(cache))
	}
	return scopes
}

// follow puts limits in force by change. Nobody looks at what is learned meanwhile.
func (k *keeper) follow(next pipeline.Limits, change func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change()
	k.limits = next
}
