package group_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v4"

	"momento-bridge/group"
	"momento-bridge/pipeline/quota"
)

// wires are members, and a network that delivers at once.
type wires struct {
	t       *testing.T
	now     time.Time
	members []*member
	idle    bool // Who is added has nothing to publish.
	reports int  // That were sent,
	latest  *group.Report
	levels  []*group.Level
	unkept  bool // Levels are lost.
}

// member is one member, with work enough.
type member struct {
	node  *group.Node
	pacer *quota.Pacer
	idle  bool
	deaf  bool
	sent  int // Publishes, all accepted.
	next  time.Time
}

const told = 100.0

var began = time.Unix(1000, 0)

func newWires(t *testing.T, n int) *wires {
	w := &wires{t: t, now: began}
	for range n {
		w.add(group.Config{})
	}
	return w
}

func (w *wires) add(cfg group.Config) *member {
	cfg.ID, cfg.Started = fmt.Sprintf("m%d", len(w.members)), w.now.Add(time.Duration(len(w.members))*time.Millisecond)
	cfg.Random = func() float64 { return 0.5 }
	m := &member{
		node:  group.New(cfg),
		pacer: quota.NewPacer(quota.Rate{Ceiling: told}, backoff.NewConstantBackOff(time.Second), w.now),
		next:  w.now,
		idle:  w.idle,
	}
	w.members = append(w.members, m)
	m.node.Join(w.now, m.quotas())
	w.deliver()
	return m
}

func (m *member) quotas() []group.Quota {
	queued := 1000.0
	if m.idle {
		queued = 0
	}
	return []group.Quota{{Scope: "region", Pacer: m.pacer, Queued: queued}}
}

// deliver gives all that is sent to all others.
func (w *wires) deliver() {
	for more := true; more; {
		more = false
		for _, from := range w.members {
			for _, msg := range from.node.Take() {
				more = true
				if msg.Report != nil {
					w.reports++
					w.latest = msg.Report
				} else {
					if w.levels = append(w.levels, msg.Level); w.unkept {
						continue
					}
				}
				for _, to := range w.members {
					if to != from && !to.deaf && !from.deaf {
						w.hear(to, msg)
					}
				}
			}
		}
	}
}

func (w *wires) hear(to *member, msg group.Message) {
	var at time.Time
	if msg.Level != nil {
		at = to.node.HearLevel(w.now, msg.Level, to.quotas())
	} else {
		at = to.node.HearReport(w.now, msg.Report, to.quotas())
	}
	if at.Before(to.next) {
		to.next = at
	}
}

// run lets so many milliseconds pass.
func (w *wires) run(milliseconds int) {
	for range milliseconds {
		w.now = w.now.Add(time.Millisecond)
		for _, m := range w.members {
			if !m.next.After(w.now) {
				m.next = m.node.Tick(w.now, m.quotas())
			}
			for !m.idle && m.pacer.Due(w.now, 1).IsZero() {
				m.pacer.Pay(w.now, 1)
				m.pacer.Accepted(w.now, 1)
				m.sent++
			}
		}
		w.deliver()
	}
}

// sent returns what all have published, and forgets it.
func (w *wires) sent() int {
	sum := 0
	for _, m := range w.members {
		sum, m.sent = sum+m.sent, 0
	}
	return sum
}

func (w *wires) keepers() []int {
	var all []int
	for i, m := range w.members {
		for _, s := range m.node.Seen(w.now) {
			if s.Self && s.Keeper {
				all = append(all, i)
			}
		}
	}
	return all
}

func TestAMemberAloneIsAsWithoutAGroup(t *testing.T) {
	t.Parallel()
	w := newWires(t, 1)
	m := w.members[0]
	m.node.Nobody(w.now, m.quotas())
	plain := quota.NewPacer(quota.Rate{Ceiling: told}, backoff.NewConstantBackOff(time.Second), w.now)
	sent := 0
	for range 5000 {
		w.run(1)
		for plain.Due(w.now, 1).IsZero() {
			plain.Pay(w.now, 1)
			plain.Accepted(w.now, 1)
			sent++
		}
	}
	if got := w.sent(); got != sent || m.pacer.Stats(w.now) != plain.Stats(w.now) {
		t.Errorf("%d sent, %+v; without a group %d, %+v", got, m.pacer.Stats(w.now), sent, plain.Stats(w.now))
	}
}

func TestNothingStartsBeforeItIsKnownWhoElseIsThere(t *testing.T) {
	t.Parallel()
	w := newWires(t, 1)
	if w.run(200); w.sent() > 0 {
		t.Error("published without having listened")
	}
	if w.run(200); w.sent() == 0 {
		t.Error("nothing is published, and nobody else is there")
	}
}

func TestMembersKnowEachOtherWithinARoundTrip(t *testing.T) {
	t.Parallel()
	w := newWires(t, 3)
	w.run(3000)
	w.add(group.Config{})
	w.run(3) // The answers of many are spread over half a millisecond each.
	for i, m := range w.members {
		if n := m.node.Members(); n != 4 {
			t.Errorf("member %d knows of %d", i, n)
		}
	}
}

func TestMembersShareARateThatTheyAreTold(t *testing.T) {
	t.Parallel()
	w := newWires(t, 4)
	w.run(3000)
	w.sent()
	w.run(10_000)
	for i, m := range w.members {
		if m.sent < 240 || m.sent > 260 {
			t.Errorf("member %d has published %d of 1000", i, m.sent)
		}
	}
	if sum := w.sent(); sum < 990 || sum > 1010 {
		t.Errorf("%d published in 10 s, want 1000", sum)
	}
}

func TestWhoHasNothingToPublishLeavesItsShare(t *testing.T) {
	t.Parallel()
	w := newWires(t, 4)
	for _, m := range w.members[1:] {
		m.idle = true
	}
	w.run(5000)
	w.sent()
	if w.run(5000); w.sent() < 480 {
		t.Error("the only busy member does not get what the others leave")
	}
	w.members[1].idle = false
	w.run(3000)
	w.sent()
	w.run(5000)
	if a, b := w.members[0].sent, w.members[1].sent; a < 200 || b < 200 || a+b > 520 {
		t.Errorf("two busy members have published %d and %d of 500", a, b)
	}
}

// A mean comes ever closer to nothing, and numbers that are next to nothing are long and slow to read.
func TestWhoHasPublishedNothingForMinutesSaysSo(t *testing.T) {
	t.Parallel()
	w := newWires(t, 2)
	w.run(2000)
	for _, m := range w.members {
		m.idle = true
	}
	w.run(5 * 60 * 1000)
	for _, u := range w.latest.Uses {
		if u.Used != 0 || u.Want != 0 {
			t.Errorf("used %g, wants %g", u.Used, u.Want)
		}
	}
}

func TestWhoLeavesFreesItsShareAtOnce(t *testing.T) {
	t.Parallel()
	w := newWires(t, 2)
	w.run(3000)
	gone := w.members[1]
	w.members = w.members[:1]
	w.hear(w.members[0], gone.node.Leave())
	w.sent()
	if w.run(1000); w.sent() < 97 {
		t.Error("the share of the one that has left is not used")
	}
}

func TestTheNextOneKeepsWhenTheKeeperIsGone(t *testing.T) {
	t.Parallel()
	w := newWires(t, 3)
	w.run(3000)
	if k := w.keepers(); len(k) != 1 || k[0] != 0 {
		t.Fatalf("keepers %v, want the first", k)
	}
	w.members = w.members[1:]
	w.run(3500)
	if k := w.keepers(); len(k) != 1 || k[0] != 0 {
		t.Fatalf("keepers %v, want the one that is the first now", k)
	}
	w.sent()
	if w.run(2000); w.sent() < 195 {
		t.Error("the share of the one that is gone is not used")
	}
}

func TestOfTwoKeepersTheOlderOneCounts(t *testing.T) {
	t.Parallel()
	w := newWires(t, 4)
	w.run(3000)
	w.members[2].deaf, w.members[3].deaf = true, true // To each other, too.
	if w.run(8000); len(w.keepers()) < 2 {
		t.Fatal("those who are cut off have no keeper")
	}
	w.members[2].deaf, w.members[3].deaf = false, false
	w.run(3000)
	if k := w.keepers(); len(k) != 1 || k[0] != 0 {
		t.Errorf("keepers %v, want the oldest", k)
	}
	w.sent()
	if w.run(5000); math.Abs(float64(w.sent())-500) > 15 {
		t.Error("the rate is not shared as before")
	}
}

func TestAGuestTakesAShareAndNeverKeeps(t *testing.T) {
	t.Parallel()
	w := &wires{t: t, now: began}
	w.add(group.Config{Guest: true})
	w.add(group.Config{})
	w.run(3000)
	if k := w.keepers(); len(k) != 1 || k[0] != 1 {
		t.Errorf("keepers %v, want the one that is no guest", k)
	}
	w.sent()
	if w.run(5000); math.Abs(float64(w.sent())-500) > 15 {
		t.Error("the guest's publishes do not count")
	}
}

func TestWithoutAConnectionTheLastShareIsKept(t *testing.T) {
	t.Parallel()
	w := newWires(t, 4)
	w.run(3000)
	m := w.members[3]
	m.deaf = true
	m.node.Offline(w.now)
	w.run(6000)
	m.sent = 0
	if w.run(4000); m.sent < 95 || m.sent > 105 {
		t.Errorf("%d published in 4 s, want the share of 100 as before", m.sent)
	}
	m.deaf = false
	m.node.Online(w.now, m.quotas())
	w.run(2000)
	w.sent()
	if w.run(5000); math.Abs(float64(w.sent())-500) > 15 {
		t.Error("the rate is not shared as before")
	}
}

func TestARefusalReachesTheKeeper(t *testing.T) {
	t.Parallel()
	w := newWires(t, 2)
	w.run(3000)
	m := w.members[1]
	for range 20 {
		m.pacer.Refused(w.now, quota.Refusal{Sent: w.now, Cost: 1, RetryAfter: 2 * time.Second})
		m.next = w.now
		w.run(60)
	}
	w.run(100)
	w.sent()
	if w.run(1000); w.sent() > 0 {
		t.Error("the endpoint asks one member to wait, and the others go on")
	}
}
