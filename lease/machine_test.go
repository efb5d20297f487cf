package lease

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// group of machines on one bucket, in virtual time. What is written arrives after up to 50 ms, each way.
type cluster struct {
	t        *testing.T
	random   *rand.Rand
	now      Instant
	revision uint64
	bucket   map[string]value
	members  []*member
	given    map[string]Instant // When a lease was recalled last, by member.
}

type member struct {
	life     string
	machine  *Machine
	keys     []string
	dead     bool
	drain    time.Duration // How long it takes to hand back.
	draining map[string]Instant
	inbox    []mail
}

type mail struct {
	at Instant
	do func()
}

const lease = 5 * time.Second

func newCluster(t *testing.T) *cluster {
	return &cluster{
		t: t, random: rand.New(rand.NewPCG(1, 2)), bucket: map[string]value{}, given: map[string]Instant{},
	}
}

func (c *cluster) join(keys ...string) *member {
	m := &member{
		life: fmt.Sprint("m", len(c.members)), keys: keys, drain: 200 * time.Millisecond,
		draining: map[string]Instant{},
	}
	m.machine = New(Config{Lease: lease, Member: m.life, Life: m.life})
	for _, k := range keys {
		m.machine.Add(k)
		m.machine.Want(k, true)
	}
	m.machine.Opened(c.now, time.Hour)
	for name, v := range c.bucket {
		m.machine.Saw(c.now, name, v.revision, v.record)
	}
	m.machine.Ready(0)
	c.members = append(c.members, m)
	return m
}

func (c *cluster) send(m *member, do func()) {
	m.inbox = append(m.inbox, mail{c.now + time.Duration(c.random.IntN(50))*time.Millisecond, do})
}

func (c *cluster) store(m *member, w Write) {
	if v := c.bucket[w.Key]; v.revision != w.Revision {
		c.send(m, func() { m.machine.Refused(c.now, &w) })
		return
	}
	c.revision++
	revision := c.revision
	c.bucket[w.Key] = value{revision, w.Record}
	c.send(m, func() { m.machine.Answered(c.now, &w, revision) })
	for _, other := range c.members {
		c.send(other, func() { other.machine.Saw(c.now, w.Key, revision, w.Record) })
	}
}

// pass lets time pass, and looks that no lease has two holders.
func (c *cluster) pass(d time.Duration) {
	c.t.Helper()
	for end := c.now + d; c.now < end; c.now += 10 * time.Millisecond {
		holders := map[string]string{}
		for _, m := range c.members {
			if m.dead {
				continue
			}
			inbox := m.inbox
			m.inbox = nil
			for _, one := range inbox {
				if one.at <= c.now {
					one.do()
				} else {
					m.inbox = append(m.inbox, one)
				}
			}
			c.move(m)
			for _, k := range m.keys {
				if v := m.machine.View(k); v.State == Holding && c.now < v.Deadline {
					if other, ok := holders[k]; ok {
						c.t.Fatalf("%s and %s hold %s", other, m.life, k)
					}
					holders[k] = m.life
				}
			}
		}
	}
}

// move does what a replica does: it hands back what is recalled, and asks for it again.
func (c *cluster) move(m *member) {
	writes, _ := m.machine.Step(c.now)
	for _, w := range writes {
		c.send(m, func() { c.store(m, w) })
	}
	for _, k := range m.keys {
		v := m.machine.View(k)
		since, draining := m.draining[k]
		switch {
		case v.Recalled && !draining:
			if before, ok := c.given[m.life]; ok && c.now-before < giveEvery {
				c.t.Fatalf("%s gives two leases within %v", m.life, c.now-before)
			}
			c.given[m.life], m.draining[k] = c.now, c.now
		case v.Recalled && c.now-since >= m.drain:
			m.machine.Release(c.now, k)
			m.machine.Want(k, true)
			delete(m.draining, k)
		case !v.Recalled:
			delete(m.draining, k)
			if v.State == Lost {
				m.machine.Want(k, true)
			}
		}
	}
}

func (c *cluster) leave(m *member) {
	for _, k := range m.keys {
		m.machine.Want(k, false)
		m.machine.Release(c.now, k)
	}
	m.machine.Leave()
}

func (c *cluster) held() (n []int) {
	for _, m := range c.members {
		if m.dead {
			continue
		}
		held := 0
		for _, k := range m.keys {
			if m.machine.View(k).State == Holding {
				held++
			}
		}
		n = append(n, held)
	}
	slices.Sort(n)
	return n
}

func (c *cluster) want(what string, n ...int) {
	c.t.Helper()
	if got := c.held(); !slices.Equal(got, n) {
		c.t.Fatalf("%s: %v leases are held, want %v", what, got, n)
	}
}

func keys(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprint("r.", i+1))
	}
	return all
}

func TestLeasesSpreadAsReplicasComeAndGo(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	first := c.join(keys(8)...)
	c.pass(time.Second)
	c.want("one replica", 8)
	for range 3 {
		c.join(keys(8)...)
	}
	c.pass(10 * time.Second)
	c.want("four replicas", 2, 2, 2, 2)
	c.join(keys(8)...)
	c.pass(5 * time.Second)
	c.want("five replicas", 1, 1, 2, 2, 2)
	c.pass(30 * time.Second)
	c.want("some time later", 1, 1, 2, 2, 2)
	c.members[1].dead, c.members[2].dead = true, true
	c.pass(lease + time.Second)
	if got := c.held(); got[0]+got[1]+got[2] != 8 {
		t.Fatalf("after two were killed %v leases are held", got)
	}
	c.pass(10 * time.Second)
	c.want("three replicas", 2, 3, 3)
	c.leave(first)
	c.pass(time.Second)
	if !first.machine.Idle() {
		t.Fatal("one that has left is not idle")
	}
	first.dead = true
	c.pass(10 * time.Second)
	c.want("two replicas", 4, 4)
}

func TestLeasesOfOneThatWasKilledAreTakenAtOnceAlsoWhenItStartsAgain(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	for range 4 {
		c.join(keys(8)...)
	}
	c.pass(15 * time.Second)
	c.want("four replicas", 2, 2, 2, 2)
	c.members[1].dead = true
	c.pass(time.Second)
	c.join(keys(8)...) // It counts as one who could take a lease, and cannot know yet that the holder is gone.
	c.pass(lease - 500*time.Millisecond)
	if got := c.held(); got[0]+got[1]+got[2]+got[3] != 8 {
		t.Fatalf("half a second after the leases have ended %v are held", got)
	}
	c.pass(10 * time.Second)
	c.want("it has started again", 2, 2, 2, 2)
}

func TestOneLeaseIsTakenWithoutKnowingTheOthers(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	for range 3 {
		c.join("r")
	}
	c.pass(time.Second)
	c.want("three replicas", 0, 0, 1)
	if len(c.bucket) != 1 {
		t.Fatalf("the bucket has %d keys", len(c.bucket))
	}
	for _, m := range c.members {
		m.dead = m.machine.View("r").State == Holding
	}
	c.pass(lease + 500*time.Millisecond)
	c.want("after the holder was killed", 0, 1)
}

func TestALeaseThatOthersDoNotTakeIsTakenByWhoCan(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	idle := c.join(keys(4)...) // It is there, and wants nothing.
	for _, k := range idle.keys {
		idle.machine.Want(k, false)
	}
	c.pass(time.Second)
	c.join(keys(4)...)
	c.pass(lease)
	c.want("one of two takes leases", 0, 4)
	for _, k := range idle.keys {
		idle.machine.Want(k, true)
	}
	c.pass(5 * time.Second)
	c.want("both take leases", 2, 2)
}

func TestSlotsOfMembersAreUsedAgain(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	for i := range 10 {
		m := c.join(keys(2)...)
		c.pass(3 * lease)
		if i%2 == 0 {
			c.leave(m)
			c.pass(time.Second)
		}
		m.dead = true
		c.pass(2 * lease)
	}
	if slots := len(c.bucket) - 2; slots > 2 {
		t.Fatalf("ten members one after the other have left %d slots", slots)
	}
}
