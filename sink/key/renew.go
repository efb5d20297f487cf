package key

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v4"

	"momento-bridge/chance"
)

const (
	// renewAt is the share of a key's life after which a new one is fetched, give or take renewJitter, so that replicas
	// do not all come at once.
	renewAt, renewJitter = 0.8, 0.05
	// unknownLife is how long a key is used that does not say when it expires.
	unknownLife = 30 * time.Minute
	// leastBetween is the least time between two fetches.
	leastBetween = time.Second
	// expiredWait is the time until the next fetch when the machine gave a key that has expired by our clock, which may
	// be wrong.
	expiredWait = 15 * time.Second
)

// renew fetches a key at once if there is none, before each expires, and when one is refused, until ctx is done.
// Failures are repeated while the old key stays in use.
func (w *watcher) renew(ctx context.Context) {
	failures := failureDelays()
	var began time.Time
	var wait time.Duration
	if w.Key() != nil {
		began, wait = time.Now(), w.untilRenewal()
	}
	for w.sleep(ctx, began, wait) {
		began = time.Now()
		if w.look(ctx, w.fetch) {
			wait = w.untilRetry(failures.NextBackOff())
			continue
		}
		wait = w.untilRenewal()
		failures.Reset()
	}
}

// untilRenewal is the time until the key in use is to be replaced.
func (r *Ring) untilRenewal() time.Duration {
	life := unknownLife
	if k := r.Key(); !k.Expires.IsZero() {
		life = time.Until(k.Expires)
	}
	if life <= 0 {
		return expiredWait
	}
	return time.Duration(float64(life) * (renewAt + renewJitter*(2*chance.Float64()-1)))
}

// untilRetry is the time until the next try after a failure: the less is left of the key in use, the sooner.
func (r *Ring) untilRetry(delay time.Duration) time.Duration {
	most := leastBetween
	if k := r.Key(); k != nil && !k.Expires.IsZero() {
		most = max(most, time.Until(k.Expires)/10)
	}
	return min(delay, most)
}

// failureDelays draws each delay evenly from 0 to a bound that doubles from half a second up to 15 s.
func failureDelays() backoff.BackOff {
	return backoff.NewExponentialBackOff(backoff.WithInitialInterval(250*time.Millisecond), backoff.WithMultiplier(2),
		backoff.WithRandomizationFactor(1),
		backoff.WithMaxInterval(7500*time.Millisecond), backoff.WithMaxElapsedTime(0))
}

// sleep waits, or until the key is refused, but always until a fetch is due again after the one that began. It reports
// false when ctx is done.
func (r *Ring) sleep(ctx context.Context, began time.Time, wait time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-r.refused:
	case <-time.After(wait):
	}
	return pause(ctx, time.Until(began.Add(leastBetween)))
}
