package source

import (
	"context"
	"sync"
	"time"
)

// Rounds looks at routes of core NATS once a second, at one after the other: with a ticker for each route, an idle
// daemon would be woken as often as it has routes. Its methods may be called concurrently.
type Rounds struct {
	mu     sync.Mutex // Held while they are looked at.
	routes map[*Core]struct{}
}

// roundInterval is how often it is looked whether the server has refused a subscription, and whether messages are lost.
const roundInterval = time.Second

// NewRounds returns rounds without routes; Run makes them.
func NewRounds() *Rounds { return &Rounds{routes: map[*Core]struct{}{}} }

// Run makes its rounds until ctx is done.
func (r *Rounds) Run(ctx context.Context) {
	ticks := time.NewTicker(roundInterval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			r.look()
		}
	}
}

func (r *Rounds) look() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.routes {
		c.look()
	}
}

// join has c looked at until leave is called, which waits for the last look.
func (r *Rounds) join(c *Core) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.routes[c] = struct{}{}
}

func (r *Rounds) leave(c *Core) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.routes, c)
}
