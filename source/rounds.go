package source

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Rounds looks at routes of core NATS once a second, at one after the other: with a ticker for each route, an idle
// daemon would be woken as often as it has routes. Its methods may be called concurrently.
type Rounds struct {
	first  chan struct{} // One slot: there is a route, and was none.
	mu     sync.Mutex    // Held while they are looked at.
	routes []*Core
}

// roundInterval is how often it is looked whether the server has refused a subscription, and whether messages are lost.
const roundInterval = time.Second

// NewRounds returns rounds without routes; Run makes them.
func NewRounds() *Rounds {
	return &Rounds{first: make(chan struct{}, 1)}
}

// Run makes its rounds until ctx is done. While there is no route it sleeps.
func (r *Rounds) Run(ctx context.Context) {
	ticks := time.NewTicker(roundInterval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.first:
			ticks.Reset(roundInterval)
		case <-ticks.C:
			if !r.look() {
				ticks.Stop()
			}
		}
	}
}

// look reports whether there is anything to look at.
func (r *Rounds) look() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.routes {
		c.look()
	}
	return len(r.routes) > 0
}

// join has c looked at until leave is called, which waits for the last look.
func (r *Rounds) join(c *Core) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.routes) == 0 {
		select {
		case r.first <- struct{}{}:
		default:
		}
	}
	r.routes = append(r.routes, c)
}

func (r *Rounds) leave(c *Core) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.routes = slices.DeleteFunc(r.routes, func(other *Core) bool { return other == c })
}
