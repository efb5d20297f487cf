package sink

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// dnsCache is how long addresses are used without asking again. Connections that are open do not notice a change;
	// their age limit does.
	dnsCache = 15 * time.Second
	// dnsStale is how long addresses are used when nothing newer is to be had.
	dnsStale = 10 * time.Minute
	// dnsRetry is the least time between two look-ups while there are addresses to use.
	dnsRetry = time.Second
	// dnsPatience is how long a newer answer is waited for while there are addresses to use.
	dnsPatience = 200 * time.Millisecond
	// dnsLimit bounds a look-up for somebody who has no deadline.
	dnsLimit = 10 * time.Second
)

// addresses are those of one host and port, looked up when they are wanted, and kept. They may be used concurrently.
type addresses struct {
	host, port string
	lookup     func(ctx context.Context, host string) ([]netip.Addr, error)
	literal    []string // The host is an IP address: there is nothing to look up.

	mu      sync.Mutex // Guards the following.
	known   []string   // With the port, in the order in which to try them. Replaced, never changed.
	best    string     // The one that comes first as long as it is known.
	fresh   time.Time  // Until when they are used without asking.
	stale   time.Time  // Until when they are used where asking fails.
	pending *lookup
}

// lookup is one look-up under way, for all who want it.
type lookup struct {
	done chan struct{} // Closed when what follows is there.
	err  error
	late bool // It ended with the time of the one who began it.
}

// newAddresses returns the addresses of "host:port".
func newAddresses(addr string) *addresses {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return &addresses{literal: []string{addr}} // Dialling it tells what is wrong.
	}
	a := &addresses{host: host, port: port, lookup: lookupIP}
	if ip, err := netip.ParseAddr(host); err == nil {
		a.literal = []string{net.JoinHostPort(ip.String(), port)}
	}
	return a
}

func lookupIP(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// get returns the addresses in the order in which to try them, by the time ctx is done. All who ask at the same time
// share one look-up.
func (a *addresses) get(ctx context.Context) ([]string, error) {
	if a.literal != nil {
		return a.literal, nil
	}
	for {
		known, l := a.look(ctx)
		if l == nil {
			return known, nil
		}
		done := l.wait(ctx, known != nil)
		switch {
		case done && l.err == nil: // Now they are known.
		case known != nil:
			return known, nil
		case !done:
			return nil, &net.DNSError{Err: "no answer in time", Name: a.host, IsTimeout: true}
		case !l.late || ctx.Err() != nil:
			return nil, l.err
		}
	}
}

// wait waits until the look-up is done, which it reports, or until ctx is; whoever has addresses waits for a moment
// only.
func (l *lookup) wait(ctx context.Context, known bool) bool {
	var enough <-chan time.Time
	if known {
		enough = time.After(dnsPatience)
	}
	select {
	case <-l.done:
		return true
	case <-enough:
	case <-ctx.Done():
	}
	return false
}

// look returns the addresses that may be used, nil for none, and the look-up that may bring newer ones; nil if none
// is needed. It begins one if need be, which ends with the time that ctx has.
func (a *addresses) look(ctx context.Context) ([]string, *lookup) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if now.Before(a.fresh) {
		return a.known, nil
	}
	if a.pending == nil {
		end, ok := ctx.Deadline()
		if !ok {
			end = now.Add(dnsLimit)
		}
		a.pending = &lookup{done: make(chan struct{})}
		go a.ask(a.pending, end)
	}
	if now.Before(a.stale) {
		return a.known, a.pending
	}
	return nil, a.pending
}

// ask makes a look-up, by a time.
func (a *addresses) ask(l *lookup, end time.Time) {
	ctx, cancel := context.WithDeadline(context.Background(), end)
	defer cancel()
	found, err := a.lookup(ctx, a.host)
	if err == nil && len(found) == 0 {
		err = &net.DNSError{Err: "no address", Name: a.host, IsNotFound: true}
	}
	l.err, l.late = err, err != nil && ctx.Err() != nil
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	if err != nil {
		a.fresh = now.Add(min(dnsRetry, a.stale.Sub(now))) // In the past if there are none.
	} else {
		a.fresh, a.stale = now.Add(dnsCache), now.Add(dnsStale)
		a.known = a.inOrder(found)
	}
	a.pending = nil
	close(l.done)
}

// inOrder returns addresses in the order in which to try them: the best first, the others as the name service has
// them, but with the families by turns, as it is often a whole family that leads nowhere. Called with the mutex.
func (a *addresses) inOrder(found []netip.Addr) []string {
	var families [2][]string // That of the first address, and the other one.
	for _, ip := range found {
		family := 0
		if ip.Unmap().Is4() != found[0].Unmap().Is4() {
			family = 1
		}
		families[family] = append(families[family], net.JoinHostPort(ip.Unmap().String(), a.port))
	}
	var list []string
	for i := range max(len(families[0]), len(families[1])) {
		for _, family := range families {
			if i < len(family) && !slices.Contains(list, family[i]) {
				list = append(list, family[i])
			}
		}
	}
	return moved(list, a.best, true)
}

// settle takes note of whether a connection to an address came to be used: one that did is the first to be tried from
// now on, one that did not is the last.
func (a *addresses) settle(address string, good bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case good:
		a.best = address
	case a.best == address:
		a.best = ""
	}
	if first := len(a.known) > 0 && a.known[0] == address; first != good {
		a.known = moved(a.known, address, good)
	}
}

// moved returns a list with one of its elements at the front or at the end.
func moved(list []string, element string, front bool) []string {
	i := slices.Index(list, element)
	if i < 0 {
		return list
	}
	rest := slices.Delete(slices.Clone(list), i, i+1)
	if front {
		return slices.Insert(rest, 0, element)
	}
	return append(rest, element)
}
