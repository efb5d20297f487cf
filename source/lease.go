package source

import (
	"context"
	"time"
)

// Lease decides whether this replica may consume a route. Implementations allow concurrent calls.
type Lease interface {
	// Take waits until this replica holds the lease, or returns ctx's error. Standby says what it waits for.
	Take(ctx context.Context) (Hold, error)
	// Standby says who holds it, for people; empty: this replica does, or nobody.
	Standby() string
}

// Hold is a lease that was taken. It ends once: it is lost, or it is released.
type Hold interface {
	// Held reports whether it may be published at this moment. It is called before each publish and costs no more than
	// a comparison.
	Held(now time.Time) bool
	// Lost is closed when it is held no more. What is held is then forgotten and not handed back, as somebody else may
	// have it already; what is in flight lands and is acknowledged.
	Lost() <-chan struct{}
	// Why says for people why it is held no more, after Lost is closed.
	Why() string
	// Recalled is closed when another member should have it: what is held is handed back, and then it is released.
	Recalled() <-chan struct{}
	// Release gives it back, so that others see it at once. After Lost it does nothing.
	Release()
	// Expires is how long a request for messages may stay open: 2/5 of the lease, so that nothing that was asked for by
	// one who is gone is open when somebody else takes it. 0: as long as may be.
	Expires() time.Duration
}
