package lease

import (
	"context"
	"errors"
)

// Found is what a look at the bucket has shown.
type Found struct {
	Missing bool // There is no bucket.
	Servers int  // How many keep it.
}

// Look looks whether the bucket is there and may be used, without making or changing anything. An error says what is in
// the way.
func (m *Manager) Look(ctx context.Context) (Found, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	info, err := m.info(ctx)
	switch {
	case errors.Is(err, errNone):
		return Found{Missing: true}, nil
	case err != nil:
		return Found{}, err
	}
	if ttl := info.Config.MaxAge; ttl > 0 && ttl < 2*m.cfg.Lease {
		return Found{}, expiresError{m.cfg.Bucket, ttl}
	}
	return Found{Servers: info.Config.Replicas}, m.tryWrite(ctx)
}
