// Package bus carries the messages of a group of replicas over core NATS: package group's adapter. For a group G and
// whose quotas it shares, A, its members tell of themselves on mb.G.A.r, its keeper tells the level on mb.G.A.l, and a
// new member asks on mb.G.A.h who is there, to be answered at once by the server if nobody is.
package bus

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/group"
	"momento-bridge/pipeline/quota"
)

// Quotas lends the quotas of a process, see pipeline.Pipeline.Quotas.
type Quotas interface {
	Quotas(several bool, f func(now time.Time, all []quota.Shared) (each bool))
}

// Config is a group and this member of it.
type Config struct {
	Group string
	// Quotas says whose quotas are shared: a token of a subject. Members with others do not hear each other.
	Quotas string
	Member group.Config
}

// Bus is this process in its group. Its methods may be called concurrently.
type Bus struct {
	conn    *nats.Conn
	cfg     Config
	quotas  Quotas
	log     *slog.Logger
	heard   chan heard // What has come. When it is full, more is lost, as on a network.
	noticed chan struct{}
	left    atomic.Bool
	routes  atomic.Pointer[string] // What Carries was told; nil: nothing.

	// Of the goroutine of Run alone:
	node      *group.Node
	connected bool
	asked     bool // The subscriptions are there, and it was asked who else is.
	open      bool // Newcomers are answered.
	next      time.Time
	ticked    time.Time
	members   int       // As shown last,
	shown     time.Time // and when.

	mu     sync.Mutex // Guards the following.
	seen   Seen
	denied string // What the NATS user may not do; empty: nothing is known.
	told   string // That was logged.
}

// Seen is what is known of the group at one moment.
type Seen struct {
	Members []group.Seen
	Rates   []group.Rate
	Left    int    // How many members have said so far that they leave.
	Missing string // What the NATS user may not do, so that this process is alone; empty: nothing is known.
}

const (
	// room is how many messages may wait to be read.
	room = 4096
	// soonest is the least time between two looks at the quotas because of answers.
	soonest = 5 * time.Millisecond
	// showEvery is how old what is seen of the group may be.
	showEvery = 200 * time.Millisecond
	// most is how many messages are read before the quotas are given back.
	most = 64
)

// New returns a member of a group that does not know of the others yet: its quotas are held until it does. It listens
// to the connection's errors.
func New(conn *nats.Conn, cfg Config, quotas Quotas, log *slog.Logger) *Bus {
	b := &Bus{
		conn: conn, cfg: cfg, quotas: quotas, log: log, heard: make(chan heard, room), noticed: make(chan struct{}, 1),
		node: group.New(cfg.Member),
	}
	next := conn.ErrorHandler()
	conn.SetErrorHandler(func(c *nats.Conn, sub *nats.Subscription, err error) {
		if !b.refused(err) && next != nil {
			next(c, sub, err)
		}
	})
	b.use(b.node.Hold)
	return b
}

func (b *Bus) subject(of string) string { return Subject(b.cfg.Group, b.cfg.Quotas, of) }

// What is told below a group's subject.
const (
	Reports = "r"
	Levels  = "l"
	Hello   = "h"
)

// Subject is where those of a group that share the quotas tell something.
func Subject(group, quotas, of string) string { return "mb." + group + "." + quotas + "." + of }

// Notice makes it look at the quotas soon. It does not block.
func (b *Bus) Notice() {
	select {
	case b.noticed <- struct{}{}:
	default:
	}
}

// Carries says that this process has other routes from now on: their hash.
func (b *Bus) Carries(routes string) {
	b.routes.Store(&routes)
	b.Notice()
}

// Seen returns what is known of the group.
func (b *Bus) Seen() Seen {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.seen
	s.Missing = b.denied
	return s
}

// Heard reports whether other members are there, guests aside, and whether one of them began before this one.
func (b *Bus) Heard() (others, older bool) {
	seen := b.Seen().Members
	self := slices.IndexFunc(seen, func(m group.Seen) bool { return m.Self })
	for i := range seen {
		if !seen[i].Self && !seen[i].Guest {
			others = true
			older = older || i < self
		}
	}
	return others, older
}

// Count returns how many members are there, guests aside, this one included.
func (b *Bus) Count() int {
	n := 0
	for _, m := range b.Seen().Members {
		if !m.Guest {
			n++
		}
	}
	return max(1, n)
}

// use calls f with the quotas, then sends what there is to be sent and notes what is to be seen.
func (b *Bus) use(f func(now time.Time, all []quota.Shared)) {
	b.quotas.Quotas(b.node.Members() > 1, func(now time.Time, all []quota.Shared) bool {
		if routes := b.routes.Swap(nil); routes != nil {
			b.node.Carries(now, *routes)
			b.shown = time.Time{}
		}
		f(now, all)
		if b.node.Members() != b.members || now.Sub(b.shown) >= showEvery {
			b.members, b.shown = b.node.Members(), now
			b.show(Seen{Members: b.node.Seen(now), Rates: b.node.Rates(all), Left: b.node.Left()})
		}
		return b.node.Quick()
	})
	for _, m := range b.node.Take() {
		b.send(m)
	}
}

// show notes what is to be seen.
func (b *Bus) show(s Seen) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = s
}

// send gives a message to the client. What cannot be sent is lost: the next one says as much.
func (b *Bus) send(m group.Message) {
	if !b.connected || b.left.Load() || b.missing() {
		return
	}
	var to string
	var data []byte
	if m.Level != nil {
		to, data = "l", m.Level.Encode()
	} else {
		to, data = "r", m.Report.Encode()
	}
	if err := b.conn.Publish(b.subject(to), data); err != nil {
		b.log.Debug("the group was not told", "error", err)
	}
}

// Run takes part until ctx is done.
func (b *Bus) Run(ctx context.Context) {
	changes := b.conn.StatusChanged(nats.CONNECTED, nats.RECONNECTING, nats.CLOSED)
	defer b.conn.RemoveStatusListener(changes)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var came []heard
		noticed := false
		select {
		case <-ctx.Done():
			return
		case <-changes:
		case <-timer.C:
		case h := <-b.heard:
			came = b.more(h)
		case <-b.noticed:
			noticed = true
		}
		b.look()
		b.use(func(now time.Time, all []quota.Shared) { b.work(now, all, came, noticed) })
		b.answerNewcomers()
		timer.Reset(time.Until(b.next))
	}
}

// more returns a message with those that have come besides.
func (b *Bus) more(first heard) []heard {
	came := []heard{first}
	for len(came) < most {
		select {
		case h := <-b.heard:
			came = append(came, h)
		default:
			return came
		}
	}
	return came
}

// work takes note of what has come, and does what is due.
func (b *Bus) work(now time.Time, all []quota.Shared, came []heard, noticed bool) {
	if !b.asked {
		b.next = now.Add(time.Minute) // Until there is a connection.
		return
	}
	if b.missing() {
		b.node.Deaf(now, all)
		b.next = now.Add(time.Minute)
		return
	}
	for _, h := range came {
		b.next = earlier(b.next, b.hear(now, all, h))
	}
	if noticed {
		b.next = earlier(b.next, b.ticked.Add(soonest))
	}
	if !b.next.After(now) {
		b.next, b.ticked = b.node.Tick(now, all), now
		if !b.next.After(now) {
			b.next = now.Add(soonest)
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (b *Bus) hear(now time.Time, all []quota.Shared, h heard) time.Time {
	switch {
	case h.level != nil:
		return b.node.HearLevel(now, h.level, all)
	case h.report != nil:
		return b.node.HearReport(now, h.report, all)
	}
	b.node.Nobody(now, all)
	return now
}

// look takes note of whether there is a connection. The first time it subscribes, and asks who else is there.
func (b *Bus) look() {
	connected := b.conn.IsConnected()
	if connected == b.connected {
		return
	}
	b.connected = connected
	switch {
	case !connected:
		b.use(func(now time.Time, _ []quota.Shared) { b.node.Offline(now) })
	case b.asked:
		b.permit()
		b.use(func(now time.Time, all []quota.Shared) { b.node.Online(now, all) })
	default:
		b.ask()
	}
	b.next = time.Now()
}

// Leave tells the others that this member is gone. It sends nothing any more.
func (b *Bus) Leave() {
	if b.left.Swap(true) || b.missing() {
		return
	}
	if err := b.conn.Publish(b.subject("r"), b.node.Leave().Report.Encode()); err != nil {
		b.log.Debug("the group was not told of the end", "error", err)
	}
}
