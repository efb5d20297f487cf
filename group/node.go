package group

import (
	"math"
	"slices"
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
	// silence is after how long a member that is not heard is gone.
	silence = 3100 * time.Millisecond
	// holding is for how long nothing starts where there is no connection, so that nothing comes.
	holding = 24 * time.Hour
	// sweepEvery is the time between two looks for members that are gone.
	sweepEvery = 100 * time.Millisecond
	// listening is how long a new member waits for the others before it publishes.
	listening = 250 * time.Millisecond
	// listeningLonger is how long it waits for the keeper when it has heard others.
	listeningLonger = time.Second
	// tellEvery is the time between two reports and between two levels, give or take a tenth.
	tellEvery = time.Second
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
	report  *Report // The latest.
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
	swept  time.Time // When those that are gone were looked for.

	joining  time.Time // Until when others are waited for; zero: it has joined.
	offline  time.Time // Since when there is no connection; zero: there is one.
	online   time.Time // Since when there is.
	leads    bool
	keeper   order     // Whose level is in force; this one's own while it leads.
	heard    time.Time // When the latest level came that is in force.
	level    *Level    // That level; nil: none.
	epochs   [8]inForce
	orphaned bool

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

// Hold lets nothing start until it is known who else is there.
func (n *Node) Hold(now time.Time, quotas []Quota) { n.hold(now.Add(holding), quotas) }

func (n *Node) hold(until time.Time, quotas []Quota) {
	n.joining = until
	for _, q := range quotas {
		q.Pacer.HoldUntil(until)
	}
}

// Joined reports whether it is known who else is there.
func (n *Node) Joined() bool { return n.joining.IsZero() }

// Deaf goes on alone because the others cannot be heard, or told anything.
func (n *Node) Deaf(now time.Time, quotas []Quota) {
	clear(n.others)
	n.list = nil
	n.ahead = -1
	n.joined(quotas)
	n.alone(now, quotas)
}

// Join asks who else is there. Until that is known nothing starts.
func (n *Node) Join(now time.Time, quotas []Quota) {
	n.hold(now.Add(listening), quotas)
	n.online = now
	n.hello = true
	n.tell(now, quotas)
}

// Nobody says that it is known that nobody else is there.
func (n *Node) Nobody(now time.Time, quotas []Quota) {
	if len(n.others) == 0 && !n.joining.IsZero() {
		n.joined(quotas)
		n.Tick(now, quotas)
	}
}

// joined lets publishes start.
func (n *Node) joined(quotas []Quota) {
	n.joining = time.Time{}
	for _, q := range quotas {
		q.Pacer.HoldUntil(time.Time{})
	}
}

// Offline says that the connection is lost: what is not heard says nothing about the others.
func (n *Node) Offline(now time.Time) {
	if n.offline.IsZero() {
		n.offline = now
	}
}

// Online says that the connection is back.
func (n *Node) Online(now time.Time, quotas []Quota) {
	if n.offline.IsZero() {
		return
	}
	away := now.Sub(n.offline)
	n.offline, n.online = time.Time{}, now
	for _, m := range n.list {
		m.heard = m.heard.Add(away)
	}
	n.heard = n.heard.Add(away)
	n.hello = true
	n.tell(now, quotas)
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

// waitedEnough reports whether a new member goes on with what it has heard.
func (n *Node) waitedEnough(now time.Time, quotas []Quota) bool {
	if now.Before(n.joining) {
		return false
	}
	if longer := n.online.Add(listeningLonger); len(n.others) > 0 && now.Before(longer) && !n.first() {
		n.hold(longer, quotas)
		return false
	}
	n.joined(quotas)
	if len(n.others) > 0 && !n.first() {
		n.crowd(now, quotas)
	}
	return true
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

// expire forgets members that are not heard any more.
func (n *Node) expire(now time.Time) {
	if !n.offline.IsZero() || now.Sub(n.swept) < sweepEvery {
		return
	}
	n.swept = now
	for _, m := range slices.Clone(n.list) {
		if now.Sub(m.heard) > silence {
			n.forget(m.id)
		}
	}
}

func (n *Node) forget(id string) {
	delete(n.others, id)
	n.list = slices.DeleteFunc(n.list, func(m *member) bool { return m.id == id })
	n.keep.changed = true
	n.ahead = -1
}

// first reports whether this member began before all others.
func (n *Node) first() bool { return n.rank() == 0 }

// rank returns how many others are to keep rather than this one.
func (n *Node) rank() int {
	if n.cfg.Guest {
		return math.MaxInt32
	}
	if n.ahead >= 0 {
		return n.ahead
	}
	n.ahead = 0
	for _, m := range n.list {
		if !m.guest && m.before(n.order) {
			n.ahead++
		}
	}
	return n.ahead
}

// shouldLead reports whether this member keeps the quotas. One that leads goes on until it hears the level of one that
// began before it: who comes learns first from who leads.
func (n *Node) shouldLead(now time.Time) bool {
	if n.cfg.Guest || !n.offline.IsZero() {
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

// hear notes that somebody else is there. It returns nil for this member itself.
func (n *Node) hear(now time.Time, id string, start int64) *member {
	if id == n.order.id {
		return nil
	}
	m := n.others[id]
	if m == nil {
		if len(n.others) >= mostMembers {
			return nil
		}
		m = &member{order: order{start, id}}
		n.others[id] = m
		n.list = append(n.list, m)
		n.keep.changed = true
		n.ahead = -1
		n.answer(now)
	}
	if m.start != start {
		m.start, n.ahead = start, -1
	}
	m.heard = now
	return m
}

// answer lets a newcomer know soon that this member is there.
func (n *Node) answer(now time.Time) {
	n.hello = true
	within := time.Duration(n.cfg.Random() * float64(len(n.others)-1) * float64(answerEach))
	n.sooner(now.Add(min(within, tellEvery)))
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
		if _, ok := n.others[r.ID]; ok {
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
	if n.leads {
		n.account(now, m, before, quotas)
	}
	if n.leads && (n.keep.changed || n.keep.urgent) || !n.next.After(now) {
		return now
	}
	return n.wake(now)
}

// Others returns how many other members are heard, and whether one of them began before this one.
func (n *Node) Others() (count int, older bool) { return len(n.others), n.rank() > 0 }

// Members is how many there are, this one included.
func (n *Node) Members() int { return len(n.others) + 1 }
