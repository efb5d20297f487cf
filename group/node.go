package group

import (
	"time"

	"momento-bridge/pipeline/quota"
)

// Config is who a member is.
type Config struct {
	ID      string
	Started time.Time
	Host    string
	Version string
	Routes  string // A hash of its routes.
	Guest   bool   // It publishes for a while and never keeps: a replay.
	// Random returns a number from 0 to 1, 1 excluded.
	Random func() float64
}

// Quota is one of a member's quotas.
type Quota = quota.Shared

// Message is to be sent to all members: one of the two.
type Message struct {
	Report *Report
	Level  *Level
}

const (
	// silence is after how long a member that is not heard is gone, where it reports as often as usual.
	silence = 3100 * time.Millisecond
	// holding is for how long nothing starts where there is no connection, so that nothing comes.
	holding = 24 * time.Hour
	// sweepEvery is the time between two looks for members that are gone, in a group that is not crowded.
	sweepEvery = 100 * time.Millisecond
	// listening is how long a new member waits for the others before it publishes.
	listening = 250 * time.Millisecond
	// listeningLonger is how long it waits for the keeper when it has heard others.
	listeningLonger = time.Second
	// tellEvery is the time between two reports and between two levels, give or take a tenth.
	tellEvery = time.Second
	// crowded is how many members report that often. Of more, each reports the more rarely: everybody hears as much
	// as in a group of so many.
	crowded = 100
	// tellGap is the least time between two reports, and levelGap between two levels.
	tellGap  = 50 * time.Millisecond
	levelGap = 20 * time.Millisecond
	// helloEvery is how many reports come between two that say who the member is.
	helloEvery = 16
	// turn is the time between two members that begin to keep because nobody else does.
	turn = time.Second
	// The ticks of a keeper and of other members, and of one that is alone.
	keeperTick = 50 * time.Millisecond
	memberTick = 100 * time.Millisecond
	aloneTick  = time.Second
	// mostMembers is how many others are known.
	mostMembers = 10_000
	// answerEach is what newcomers are answered within, for each member: not all at once where there are many.
	answerEach = 500 * time.Microsecond
)

// order is the order in which members are to keep.
type order struct {
	start int64
	id    string
}

func (o order) before(other order) bool {
	return o.start < other.start || o.start == other.start && o.id < other.id
}

// member is another member.
type member struct {
	order
	guest   bool
	host    string
	version string
	routes  string
	heard   time.Time
	patient time.Duration // After how long without a word it is gone.
	report  *Report       // The latest.
	known   map[string]*estimate
}

// Node is one member of a group. Times must not go backwards from call to call. Each call is given all quotas of the
// process, in the same order each time.
type Node struct {
	cfg    Config
	order  order
	others map[string]*member
	list   []*member // The same, in the order in which they were heard first.
	ahead  int       // How many others are to keep rather than this one; -1: it must be counted.
	left   int       // How many have said that they leave, guests aside.
	swept  time.Time // When those that are gone were looked for.

	joining  time.Time // Until when others are waited for; zero: it has joined.
	offline  time.Time // Since when there is no connection; zero: there is one.
	online   time.Time // Since when there is.
	back     time.Time // The same, if there was one before.
	leads    bool
	keeper   order     // Whose level is in force; this one's own while it leads.
	heard    time.Time // When the latest level came that is in force.
	level    *Level    // That level; nil: none.
	epochs   [8]inForce
	orphaned bool
	asked    bool   // Somebody wants more than when that level was made.
	needs    []need // Of reckon, used again.

	uses     map[string]*own
	reports  int       // How many were sent.
	reported time.Time // When the latest was,
	next     time.Time // and when the next one is due.
	hello    bool      // It is to say who this is.

	keep keeping
	out  []Message
}

// inForce is since when a level is.
type inForce struct {
	since time.Time
	epoch uint64
}

// New returns a member that has not joined yet.
func New(cfg Config) *Node {
	return &Node{
		cfg: cfg, order: order{cfg.Started.UnixMilli(), cfg.ID}, others: map[string]*member{}, uses: map[string]*own{},
	}
}

// Leave returns what is said at the end.
func (n *Node) Leave() Message {
	return Message{Report: &Report{ID: n.order.id, Start: n.order.start, Guest: n.cfg.Guest, Leaving: true}}
}

// Take returns what is to be sent, in order.
func (n *Node) Take() []Message {
	out := n.out
	n.out = nil
	return out
}

// Quick reports whether each answer is to be followed by a Tick: so little is published that each one counts.
func (n *Node) Quick() bool {
	if len(n.others) == 0 {
		return false
	}
	for i := range n.totals() {
		if t := &n.totals()[i]; t.Rate <= slow {
			return true
		}
	}
	return false
}

// slow is the rate up to which each answer is told, per second.
const slow = 100

func (n *Node) totals() []Total {
	if n.level == nil {
		return nil
	}
	return n.level.Totals
}

// Carries says that this process has other routes from now on: their hash. The others are told with the next report,
// which is due.
func (n *Node) Carries(now time.Time, routes string) {
	if n.cfg.Routes != routes {
		n.cfg.Routes, n.hello, n.next = routes, true, now
	}
}

// Tick does what is due. It is called at the time that it returns, and earlier when a publish was refused.
func (n *Node) Tick(now time.Time, quotas []Quota) time.Time {
	n.expire(now)
	n.measure(now, quotas)
	switch {
	case !n.joining.IsZero() && !n.waitedEnough(now, quotas):
	case len(n.others) == 0 && n.offline.IsZero():
		n.alone(now, quotas)
	case n.shouldLead(now):
		n.lead(now, quotas)
	case now.Sub(n.heard) > silence || !n.offline.IsZero() && now.Sub(n.offline) > silence:
		n.orphan(now, quotas)
	case n.unanswered(now):
		n.reckonAll(now, quotas)
	}
	if n.due(now) {
		n.tell(now, quotas)
	}
	return n.wake(now)
}

// wake returns when something is due again.
func (n *Node) wake(now time.Time) time.Time {
	tick := memberTick
	switch {
	case n.leads:
		tick = keeperTick
	case len(n.others) == 0 && n.joining.IsZero():
		tick = aloneTick
	}
	at := now.Add(tick)
	if n.next.Before(at) && n.next.After(now) {
		at = n.next
	}
	if !n.joining.IsZero() && n.joining.Before(at) && n.joining.After(now) {
		at = n.joining
	}
	return at
}

// alone goes on without a group.
func (n *Node) alone(now time.Time, quotas []Quota) {
	n.leads, n.orphaned, n.level = false, false, nil
	for _, q := range quotas {
		q.Pacer.Alone(now)
	}
}

// orphan goes on with the last share.
func (n *Node) orphan(now time.Time, quotas []Quota) {
	n.leads, n.orphaned = false, true
	for _, q := range quotas {
		q.Pacer.Orphan(now)
	}
}

// shouldLead reports whether this member keeps the quotas. One that leads goes on until it hears the level of one that
// began before it: who comes learns first from who leads.
func (n *Node) shouldLead(now time.Time) bool {
	if n.cfg.Guest || !n.offline.IsZero() || !n.back.IsZero() && now.Sub(n.back) < unkept {
		return false
	}
	if n.leads {
		return true
	}
	quiet := now.Sub(later(n.heard, n.online))
	if n.level == nil && n.joining.IsZero() {
		quiet = max(quiet, silence) // It has listened long enough.
	}
	rank := n.rank()
	if rank == 0 {
		return n.level != nil || quiet >= silence
	}
	return quiet > silence+min(time.Duration(rank), 10)*turn
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// sooner makes the next report due at a time.
func (n *Node) sooner(at time.Time) {
	if at = later(at, n.reported.Add(tellGap)); at.Before(n.next) {
		n.next = at
	}
}

// HearReport takes note of what another member tells of itself. It returns when Tick is to be called.
func (n *Node) HearReport(now time.Time, r *Report, quotas []Quota) time.Time {
	if r.Leaving {
		if m, ok := n.others[r.ID]; ok {
			if !m.guest {
				n.left++
			}
			n.forget(r.ID)
			return now
		}
		return n.wake(now)
	}
	m := n.hear(now, r.ID, r.Start)
	if m == nil {
		return n.wake(now)
	}
	if m.guest != r.Guest {
		m.guest, n.ahead = r.Guest, -1
	}
	if r.Host != "" || r.Version != "" {
		m.host, m.version, m.routes = r.Host, r.Version, r.Routes
	}
	before := m.report
	m.report = r
	m.patient = max(silence, time.Duration(r.Next*float64(silence)/tellEvery.Seconds()))
	if n.leads {
		n.account(now, m, before, quotas)
	}
	if !n.leads && n.asks(r, before) {
		if n.asked = true; len(n.list) <= crowded {
			return now
		} // Of more, each looks at its next tick: to reckon takes as long as there are members.
	}
	if n.leads && (n.keep.changed || n.keep.urgent) || !n.next.After(now) {
		return now
	}
	return n.wake(now)
}
