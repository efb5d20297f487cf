package lease

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	protocol "momento-bridge/lease"
	"momento-bridge/source"
)

// Config says where leases are kept, and whose they are.
type Config struct {
	Bucket string
	Create bool // Make the bucket when it is missing.
	Lease  time.Duration
	Group  string // Replicas of one group share leases.
	Member string // This replica's name in it.
	Life   string // Random for each process.
	// Heard tells of other members of the group that are heard of by other means than the bucket, and whether one of
	// them is older. nil: nobody can be heard.
	Heard func() (others, older bool)
	// Left returns how many of those have said so far that they leave, and carry nothing any more. nil: nobody does.
	Left func() int
}

// Manager is all leases of a process. Its methods may be called concurrently.
type Manager struct {
	conn  *nats.Conn
	acks  *source.Acks
	cfg   Config
	log   *slog.Logger
	begun time.Time
	wake  chan struct{} // One slot.

	mu      sync.Mutex // Guards the following.
	machine *protocol.Machine
	leases  []*lease
	place   place
	missing error         // Why there is no bucket.
	heard   bool          // Others used the bucket that is gone.
	stalled time.Duration // How long Run did nothing before it looked last.
	older   bool          // There is no bucket, and an older replica carries the routes.
	added   bool          // A lease was added of which the bucket may know something.
}

// place is where leases are.
type place uint8

const (
	unknown place = iota // The bucket has not answered yet.
	bucket               // In it.
	alone                // There is none, and this replica carries its routes without.
	behind               // There is none, and an older replica carries the routes, or might.
)

// New returns the leases of a process, none so far.
func New(conn *nats.Conn, acks *source.Acks, cfg Config, log *slog.Logger) *Manager {
	return &Manager{
		conn: conn, acks: acks, cfg: cfg, log: log.With("bucket", cfg.Bucket), begun: time.Now(),
		wake:    make(chan struct{}, 1),
		machine: protocol.New(protocol.Config{Lease: cfg.Lease, Member: cfg.Member, Life: cfg.Life}),
	}
}

// For returns the lease of a route, or of one of its partitions, which count from 1. It may be called again.
func (m *Manager) For(route string, partition int) source.Lease {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := nameOf(route, partition)
	for _, l := range m.leases {
		if l.name == name {
			l.dropped = false
			return l
		}
	}
	l := &lease{m: m, route: route, partition: partition, name: name, granted: make(chan *hold, 1)}
	m.leases = append(m.leases, l)
	m.machine.Add(name)
	m.added = true
	m.poke()
	return l
}

func nameOf(route string, partition int) string {
	if partition > 0 {
		return fmt.Sprintf("%s.%d", route, partition)
	}
	return route
}

// Drop forgets a lease that is not held, as its route is gone, once the bucket knows that it is free.
func (m *Manager) Drop(route string, partition int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := nameOf(route, partition)
	for _, l := range m.leases {
		if l.name == name {
			l.dropped = true
			m.poke()
		}
	}
}

// sweep forgets what was dropped. The caller holds mu.
func (m *Manager) sweep() {
	m.leases = slices.DeleteFunc(m.leases, func(l *lease) bool {
		return l.dropped && l.hold == nil && !l.wanted && m.machine.Remove(l.name)
	})
}

// now is what the monotonic clock shows.
func (m *Manager) now() protocol.Instant { return time.Since(m.begun) }

// poke lets Run look at what has changed.
func (m *Manager) poke() {
	select {
	case m.wake <- struct{}{}:
	default: // It will look anyway.
	}
}

// prefix is what the keys of the group begin with. What a key cannot have in it is written as its number.
func (m *Manager) prefix() string {
	var b strings.Builder
	for _, c := range []byte(m.cfg.Group) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "=%02x", c)
		}
	}
	return b.String() + "."
}

// subject is where the value of a key is published.
func (m *Manager) subject(name string) string {
	return source.StreamSubject(m.conn, "$KV."+m.cfg.Bucket+"."+m.prefix()+name)
}
