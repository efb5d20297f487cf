package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"momento-bridge/condition"
	"momento-bridge/daemon/state"
	"momento-bridge/pipeline"
	"momento-bridge/terminal"
)

// keeper keeps what is learned of quotas in the state directory, so that it is known after a restart. It belongs to one
// goroutine, but for what a reload does. A directory that cannot be used is told once, and stops nothing.
type keeper struct {
	dir     string // Empty: nothing is kept.
	log     *slog.Logger
	plan    *Plan
	learned func() map[string]pipeline.Learned
	write   func(dir string, now time.Time, quotas []state.Quota) error

	mu      sync.Mutex             // Guards the following three.
	limits  pipeline.Limits        // In force.
	known   map[string]state.Quota // By scope; of those that are not learned at present, as they were.
	changed bool                   // Since it was written.

	written time.Time   // When that was tried last.
	failing atomic.Bool // The latest try has failed, and that was told. Anybody may look.
	writing chan error  // A write that takes too long; nil: none does.
}

const (
	// lookEvery is how often it is asked what has been learned: that is how exact the time of a measurement is.
	lookEvery = 5 * time.Second
	// writeEvery is the least time between two writes.
	writeEvery = time.Minute
	// diskTimeout bounds the wait for a disk, such as a file server that does not answer.
	diskTimeout = 2 * time.Second
)

var errDisk = fmt.Errorf("the disk has not answered for %v", diskTimeout)

func newKeeper(p *Plan, log *slog.Logger) *keeper {
	return &keeper{
		dir: p.stateDir, log: log, plan: p, write: state.WriteQuotas, limits: p.pipeline.Limits,
		known: map[string]state.Quota{},
	}
}

// account is whose quotas are learned, with the key that is in use. Its key is empty while there is none.
func (p *Plan) account() state.Account {
	return state.Account{
		Endpoint: p.sink.Endpoint.String(), Key: p.sink.Keys.Fingerprint(), Unit: p.file.Limits.Unit,
	}
}

// learns reports whether anything is learned of a quota with this scope.
func learns(limits *pipeline.Limits, scope string) bool {
	if scope == pipeline.ScopeRegion {
		return !limits.Region.None()
	}
	for cache, rate := range limits.Caches {
		if scope == pipeline.ScopeOf(cache) {
			return !rate.None()
		}
	}
	return false
}

// recall returns what is still believed of what was learned earlier with the same endpoint and key, by scope, and tells
// of it.
func (k *keeper) recall(now time.Time) map[string]pipeline.Learned {
	quotas, err := k.plan.recall(now)
	return k.believe(now, quotas, err)
}

func (k *keeper) believe(now time.Time, quotas []state.Quota, err error) map[string]pipeline.Learned {
	if err != nil {
		k.log.Warn("what was learned of quotas earlier cannot be read: it is ignored and learned again", "error", err)
	}
	learned := map[string]pipeline.Learned{}
	for _, q := range quotas {
		k.known[q.Scope] = q
		learned[q.Scope] = pipeline.Learned{Quota: q.PerSecond, Floor: q.Floor, Found: q.Found}
		k.log.Info("a learned quota is tried first", "scope", q.Scope, "quota", learnedText(&q), "age", age(&q, now))
	}
	return learned
}

// recall reads what is believed of the quotas that are learned. Without a directory that is nothing.
func (p *Plan) recall(now time.Time) ([]state.Quota, error) {
	return p.recallThose(now, func(scope string) bool { return learns(&p.pipeline.Limits, scope) })
}

func (p *Plan) recallThose(now time.Time, wanted func(scope string) bool) ([]state.Quota, error) {
	whose := p.account()
	if p.stateDir == "" || whose.Key == "" {
		return nil, nil
	}
	type read struct {
		quotas []state.Quota
		err    error
	}
	result := make(chan read, 1)
	go func() {
		quotas, err := state.ReadQuotas(p.stateDir, now)
		result <- read{quotas, err}
	}()
	select {
	case r := <-result:
		return slices.DeleteFunc(r.quotas, func(q state.Quota) bool {
			return q.Account != whose || !wanted(q.Scope)
		}), r.err
	case <-time.After(diskTimeout):
		return nil, fmt.Errorf("read from %s: %w", p.stateDir, errDisk)
	}
}

// run keeps what is learned until ctx is done, and then once more.
func (k *keeper) run(ctx context.Context) {
	if k.dir == "" {
		return
	}
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			k.look(time.Now())
			k.save(time.Now())
			return
		case now := <-ticks.C:
			k.look(now)
			if now.Sub(k.written) >= writeEvery {
				k.save(now)
			}
		}
	}
}

// look takes note of what has been measured since it looked last.
func (k *keeper) look(now time.Time) {
	whose := k.plan.account()
	if whose.Key == "" {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	learned := k.learned()
	for scope := range k.known {
		if _, ok := learned[scope]; !ok && learns(&k.limits, scope) {
			learned[scope] = pipeline.Learned{} // Nothing any more.
		}
	}
	for scope, l := range learned {
		q := state.Quota{
			Account: whose, Scope: scope, PerSecond: l.Quota, Floor: l.Floor, Found: l.Found,
			Measured: now.UTC().Truncate(time.Second),
		}
		// A quota that was not measured again becomes no younger.
		if old := k.known[scope]; old.PerSecond == q.PerSecond && old.Found == q.Found &&
			(q.PerSecond > 0 || old.Floor == q.Floor) {
			q.Account, q.Measured = old.Account, old.Measured
		}
		if q != k.known[scope] {
			k.known[scope] = q
			k.changed = true
		}
	}
}

// save writes what has changed.
func (k *keeper) save(now time.Time) {
	k.mu.Lock()
	changed, quotas := k.changed, slices.Collect(maps.Values(k.known))
	k.changed = false
	k.mu.Unlock()
	if !changed {
		return
	}
	k.written = now
	err := k.patiently(now, quotas)
	if err == nil {
		k.failing.Store(false)
		return
	}
	k.mu.Lock()
	k.changed = true
	k.mu.Unlock()
	if !k.failing.Swap(true) {
		k.log.Warn("what is learned of quotas cannot be kept: after a restart it must be learned again", "error", err,
			"advice", condition.Unwritten.Advice(), condition.Attribute, condition.Unwritten)
	}
}

// patiently writes, and gives up waiting for a disk that hangs. Until that write has ended there is no other.
func (k *keeper) patiently(now time.Time, quotas []state.Quota) error {
	if k.writing != nil {
		select {
		case err := <-k.writing:
			k.log.Debug("writing what was learned of quotas has ended late", "error", err)
			k.writing = nil
		default:
			return errDisk
		}
	}
	done := make(chan error, 1)
	go func() { done <- k.write(k.dir, now, quotas) }()
	select {
	case err := <-done:
		return err
	case <-time.After(diskTimeout):
		k.writing = done
		return errDisk
	}
}

// learnedText says what was learned.
func learnedText(q *state.Quota) string {
	var texts []string
	if q.PerSecond > 0 {
		texts = append(texts, terminal.Number(q.PerSecond)+"/s")
	}
	if q.Floor > 0 {
		texts = append(texts, fmt.Sprintf("%.2g %% refused at any rate", 100*q.Floor))
	}
	return strings.Join(texts, ", ")
}

func age(q *state.Quota, now time.Time) string { return terminal.Age(max(0, now.Sub(q.Measured))) }
