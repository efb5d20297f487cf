package lease

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"testing"
	"time"

	"momento-bridge/test/long"
)

// A model checker: it looks at each state that two or three replicas and a bucket can get into, whatever order messages
// come in, as long as no more than so many faults happen: a message that is lost, one that is late by a tick, a replica
// that is frozen, one that gives its lease back. Times count from each replica's own clock, so states that differ by
// when they were reached are one, and the search ends by itself.

// node is one replica. Its clock goes on while it is frozen.
type node struct {
	key    key
	now    Instant
	rate   Instant // What a tick adds to its clock.
	frozen bool
	behind []value // What the watch has not told it yet,
	deaf   bool    // and does not in this tick.
}

type value struct {
	revision uint64
	record   Record
}

// message is a write on its way to the bucket, or its answer on the way back.
type message struct {
	node     int
	write    Write
	answer   bool
	revision uint64 // Of an answer; 0: refused.
	late     bool   // It does not arrive in this tick.
}

// world is one state.
type world struct {
	nodes    []node
	bucket   value
	messages []message
	faults   int // That may still happen.
}

// rules are the protocol, or what it is not.
type rules struct {
	terms      Terms
	fromAnswer bool // A deadline counts from when the answer came.
	stopped    bool // A frozen replica's clock stands still, as in a paused virtual machine.
	blind      bool // The bucket stores whatever the revision.
}

func (w *world) copy() *world {
	c := *w
	c.nodes = slices.Clone(w.nodes)
	for i := range c.nodes {
		c.nodes[i].behind = slices.Clone(c.nodes[i].behind)
	}
	c.messages = slices.Clone(w.messages)
	return &c
}

func (n *node) publishes() bool { return n.key.state == Holding && n.now < n.key.deadline }

func life(i int) string { return string(rune('a' + i)) }

func (w *world) step(r *rules, i int) {
	n := &w.nodes[i]
	n.key.wanted = n.key.wanted || n.key.state == Standby || n.key.state == Lost
	if out, ok := n.key.step(&r.terms, life(i), life(i), n.now, 0); ok {
		w.messages = append(w.messages, message{node: i, write: out})
	}
}

func (w *world) tick(r *rules) {
	for i := range w.messages {
		w.messages[i].late = false
	}
	for i := range w.nodes {
		n := &w.nodes[i]
		n.deaf = false
		if !n.frozen {
			n.now += n.rate
			w.step(r, i)
		} else if !r.stopped {
			n.now += n.rate
		}
	}
}

// deliver brings a message to where it goes.
func (w *world) deliver(r *rules, at int) {
	m := w.messages[at]
	w.messages = slices.Delete(w.messages, at, at+1)
	if !m.answer {
		back := message{node: m.node, write: m.write, answer: true}
		if m.write.Revision == w.bucket.revision || r.blind {
			w.bucket = value{w.bucket.revision + 1, m.write.Record}
			back.revision = w.bucket.revision
			for i := range w.nodes {
				w.nodes[i].behind = lag(w.nodes[i].behind, w.bucket)
			}
		}
		w.messages = append(w.messages, back)
		return
	}
	n := &w.nodes[m.node]
	switch {
	case m.revision == 0:
		n.key.refused(&r.terms, n.now, &m.write)
	case r.fromAnswer:
		sent := m.write
		sent.Sent = n.now
		n.key.answered(&r.terms, life(m.node), n.now, &sent, m.revision)
	default:
		n.key.answered(&r.terms, life(m.node), n.now, &m.write, m.revision)
	}
	w.step(r, m.node)
}

// lag adds what a watch has to tell. Of many changes it tells the first and the last, as one does that begins again.
func lag(behind []value, v value) []value {
	if len(behind) > 1 {
		behind = behind[:1]
	}
	return append(behind, v)
}

// tell lets the watch tell a replica of the next change.
func (w *world) tell(r *rules, i int) {
	n := &w.nodes[i]
	v := n.behind[0]
	n.behind = n.behind[1:]
	n.key.saw(&r.terms, life(i), n.now, v.revision, v.record)
	w.step(r, i)
}

// arriving returns the replica that the watch can tell something now, or the message that can arrive; -1: none.
func (w *world) arriving() (told, message int) {
	for i := range w.nodes {
		if n := &w.nodes[i]; !n.frozen && !n.deaf && len(n.behind) > 0 {
			return i, -1
		}
	}
	for at, m := range w.messages {
		if !m.late && (!m.answer || !w.nodes[m.node].frozen) {
			return -1, at
		}
	}
	return -1, -1
}

// successors calls visit with each state that may follow. What can arrive does so before the next tick, unless that is
// a fault.
func (w *world) successors(r *rules, visit func(*world)) {
	try := func(faults int, change func(*world)) {
		if w.faults >= faults {
			c := w.copy()
			c.faults -= faults
			change(c)
			visit(c)
		}
	}
	switch told, at := w.arriving(); {
	case told >= 0:
		try(0, func(c *world) { c.tell(r, told) })
		try(1, func(c *world) { c.nodes[told].deaf = true })
		return
	case at >= 0:
		try(0, func(c *world) { c.deliver(r, at) })
		try(1, func(c *world) { c.messages[at].late = true })
		try(1, func(c *world) { c.messages = slices.Delete(c.messages, at, at+1) })
		return
	}
	try(0, func(c *world) { c.tick(r) })
	for i := range w.nodes {
		n := &w.nodes[i]
		if n.frozen {
			try(0, func(c *world) { c.nodes[i].frozen = false })
			continue
		}
		try(1, func(c *world) { c.nodes[i].frozen = true })
		if n.publishes() {
			try(1, func(c *world) { c.nodes[i].key.release(&r.terms, c.nodes[i].now); c.step(r, i) })
		}
	}
}

// holders counts who would publish.
func (w *world) holders() int {
	n := 0
	for i := range w.nodes {
		if !w.nodes[i].frozen && w.nodes[i].publishes() {
			n++
		}
	}
	return n
}

// settles reports whether somebody holds it some time after the last fault.
func (w *world) settles(r *rules) bool {
	c := w.copy()
	for i := range c.nodes {
		c.nodes[i].frozen = false
	}
	for range 3 * int(r.terms.Wait) / 9 {
		for i := 0; ; i++ {
			told, at := c.arriving()
			if told < 0 && at < 0 {
				break
			}
			if i > 1000 {
				return false // They write to each other without end.
			}
			if told >= 0 {
				c.tell(r, told)
			} else {
				c.deliver(r, at)
			}
		}
		if c.holders() == 1 {
			return true
		}
		c.tick(r)
	}
	return false
}

// digest is the same for states that differ only by when they were reached, and by how many revisions there were.
func (w *world) digest(seed maphash.Seed, b []byte) (uint64, []byte) {
	b = append(b[:0], byte(w.faults))
	ranks := w.ranks()
	number := func(n int64) { b = binary.AppendVarint(b, n) }
	entry := func(revision uint64, r Record) {
		i, _ := slices.BinarySearch(ranks, revision)
		b = append(append(append(b, byte(i)), r.Holder...), '|')
		b = append(append(b, r.Life...), '|')
	}
	entry(w.bucket.revision, w.bucket.record)
	for i := range w.nodes {
		n := &w.nodes[i]
		k := &n.key
		b = append(b, 'n', byte(k.state))
		entry(k.revision, k.record)
		for _, flag := range [...]bool{n.frozen, n.deaf, k.wanted, k.writing} {
			b = strconv.AppendBool(b, flag)
		}
		for _, at := range [...]Instant{k.free, k.again, k.deadline, k.avoid} {
			number(int64(max(at-n.now, 0)))
		}
		if k.writing {
			number(int64(min(n.now-k.sent, 100)))
		}
		for _, v := range n.behind {
			entry(v.revision, v.record)
		}
	}
	for _, m := range w.messages {
		b = append(b, 'm', byte(m.node))
		b = strconv.AppendBool(b, m.answer)
		b = strconv.AppendBool(b, m.late)
		b = strconv.AppendBool(b, m.write.number == w.nodes[m.node].key.number)
		number(int64(min(w.nodes[m.node].now-m.write.Sent, 100)))
		entry(m.write.Revision, m.write.Record)
		entry(m.revision, Record{})
	}
	return maphash.Bytes(seed, b), b
}

// ranks are all revisions that somebody knows.
func (w *world) ranks() []uint64 {
	all := []uint64{0, w.bucket.revision}
	for i := range w.nodes {
		all = append(all, w.nodes[i].key.revision)
		for _, v := range w.nodes[i].behind {
			all = append(all, v.revision)
		}
	}
	for _, m := range w.messages {
		all = append(all, m.revision, m.write.Revision)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// explore looks at each state that can be reached with so many faults. It returns how many there are, and what is wrong
// with one of them. Only each so many'th is tried whether it settles.
func explore(r *rules, faults, each int, rates ...Instant) (int, error) {
	first := &world{faults: faults}
	for _, rate := range rates {
		first.nodes = append(first.nodes, node{rate: rate, key: key{name: "r"}})
	}
	seed, buffer := maphash.MakeSeed(), []byte(nil)
	seen := map[uint64]struct{}{}
	todo := []*world{first}
	for len(todo) > 0 {
		w := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if n := w.holders(); n > 1 {
			return len(seen), fmt.Errorf("%d replicas publish: %+v", n, w)
		}
		if len(seen)%each == 0 && !w.settles(r) {
			return len(seen), fmt.Errorf("nobody holds it in the end: %+v", w)
		}
		w.successors(r, func(next *world) {
			var d uint64
			d, buffer = next.digest(seed, buffer)
			if _, ok := seen[d]; !ok {
				seen[d] = struct{}{}
				todo = append(todo, next)
			}
		})
	}
	return len(seen), nil
}

// A lease of 50 units, of which clocks count nine to eleven a tick.
func usual() rules { return rules{terms: TermsOf(50)} }

func TestNeverTwoReplicasPublishAndOneDoesInTheEnd(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		faults int
		rates  []Instant
	}{
		{"two, the first one slow", long.Or(3, 4), []Instant{9, 11}},
		{"two, as fast as each other", long.Or(2, 4), []Instant{10, 10}},
		{"three", long.Or(2, 3), []Instant{9, 11, 10}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			r := usual()
			n, err := explore(&r, test.faults, 16, test.rates...)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d states with up to %d faults in %v", n, test.faults, time.Since(began))
		})
	}
}

func TestTheSearchFindsWhatIsWrongWithOtherRules(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		faults int
		change func(*rules)
	}{
		{"a taker waits 3/4 of a lease", 3, func(r *rules) { r.terms.Wait = r.terms.Wait / 4 * 3 }},
		{"a holder stops after a whole lease", 3, func(r *rules) { r.terms.Stop = r.terms.Wait }},
		{"a deadline counts from the answer", 3, func(r *rules) { r.fromAnswer = true }},
		{"the bucket compares no revisions", 3, func(r *rules) { r.blind = true }},
		{"a clock stands still with its machine", 1, func(r *rules) { r.stopped = true }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := usual()
			test.change(&r)
			n, err := explore(&r, test.faults, 1<<30, 9, 11)
			if err == nil {
				t.Fatalf("nothing found in %d states", n)
			}
			t.Logf("found after %d states", n)
		})
	}
}
