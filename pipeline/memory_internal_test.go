package pipeline

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"momento-bridge/test/long"
)

// FuzzMemoryIsSharedOutWithinItsBounds lets routes of all kinds take and give back at random. At every moment the sums
// are those of the routes, no more is used than there is, but for one message of each route, each route gets what it is
// sure of, and in the end nobody waits.
func FuzzMemoryIsSharedOutWithinItsBounds(f *testing.F) {
	for seed := range long.Or[uint64](40, 2000) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 1))
		l := newLoan(rng)
		for range 400 {
			l.step(t)
			l.check(t)
		}
		l.giveAllBack(t)
	})
}

// loan is a pipeline whose routes hold messages that are only counted.
type loan struct {
	rng   *rand.Rand
	p     *Pipeline
	sizes [][]int64 // Of the messages that each route holds.
	begun int       // Routes that have come since.
}

func newLoan(rng *rand.Rand) *loan {
	cfg := Config{MaxMessages: 1 + rng.IntN(500), MaxBytes: 1 + rng.Int64N(200_000), Delays: DefaultDelays()}
	for i := range 1 + rng.IntN(12) {
		cfg.Routes = append(cfg.Routes, RouteConfig{
			Name: fmt.Sprint(i), Cache: "c", Returnable: i%3 != 0, Drops: i%3 == 0,
		})
	}
	if rng.IntN(2) == 0 {
		for i := range 2 + rng.IntN(6) {
			cfg.Routes = append(cfg.Routes, RouteConfig{Name: "p", Cache: "c", Partition: i + 1, Returnable: true})
		}
	}
	return &loan{
		rng: rng, sizes: make([][]int64, len(cfg.Routes)),
		p: New(cfg, nil, nil, NewMetrics(prometheus.NewRegistry())),
	}
}

// step lets a route do something.
func (l *loan) step(t *testing.T) {
	if l.rng.IntN(50) == 0 {
		l.exchange()
	}
	i := l.rng.IntN(len(l.sizes))
	r := l.p.Route(i)
	switch what := l.rng.IntN(10); {
	case what < 4 && r.cfg.Drops:
		l.offer(t, r, i)
	case what < 2:
		r.Reserve()
	case what < 5 && r.reserved > 0:
		size := l.rng.Int64N(1 + r.requests[0].bytes) // The server sends no more than a request asks for.
		r.unreserve(1, true, size)
		l.hold(r, i, size)
	case what < 6 && r.reserved > 0:
		r.Release(1 + l.rng.IntN(r.reserved))
	case len(l.sizes[i]) > 0:
		l.end(r, i)
	}
	for _, r := range l.p.d.routes { // Whoever is woken asks at once.
		select {
		case <-r.wake:
			if r.cfg.Returnable {
				r.Reserve()
			}
		default:
		}
	}
}

// exchange lets a route come, or one leave that holds nothing.
func (l *loan) exchange() {
	var lineup []Place
	var sizes [][]int64
	left := l.rng.IntN(2) == 0
	for i, r := range l.p.d.routes {
		if idle := len(l.sizes[i]) == 0 && r.reserved == 0; left && idle && r.cfg.Partition == 0 && len(l.sizes) > 1 {
			left = false
			continue
		}
		lineup, sizes = append(lineup, Place{Stays: r}), append(sizes, l.sizes[i])
	}
	if len(lineup) == len(l.sizes) {
		l.begun++
		at := l.rng.IntN(len(lineup) + 1)
		begin := RouteConfig{Name: fmt.Sprint("n", l.begun), Cache: "c", Returnable: l.rng.IntN(2) == 0}
		begin.Drops = !begin.Returnable
		lineup, sizes = slices.Insert(lineup, at, Place{Begin: begin}), slices.Insert(sizes, at, []int64(nil))
	}
	l.sizes = sizes
	l.p.Exchange(lineup, Limits{})
}

// offer is what Offer does to the memory.
func (l *loan) offer(t *testing.T, r *Route, i int) {
	size := r.cfg.charge(l.rng.IntN(2000))
	if !r.full(size) {
		l.hold(r, i, size)
		return
	}
	if r.counted.bytes+size <= l.p.d.memory.bytes.surePart(r.parts) {
		t.Fatalf("route %d has %d bytes and is refused %d, although it is sure of %d", i, r.counted.bytes, size,
			l.p.d.memory.bytes.surePart(r.parts))
	}
	r.claimRoom(false, true)
}

func (l *loan) hold(r *Route, i int, size int64) {
	l.sizes[i] = append(l.sizes[i], size)
	r.queued++
	r.bytes += size
	r.account()
}

func (l *loan) end(r *Route, i int) {
	r.queued--
	r.bytes -= l.sizes[i][0]
	l.sizes[i] = l.sizes[i][1:]
	r.roomChanged()
}

func (l *loan) check(t *testing.T) {
	t.Helper()
	m := &l.p.d.memory
	var messages, bytes, owedMessages, owedBytes, largest int64
	var messageStakes, byteStakes [2]int // Units of routes that are busy, and claims.
	for i, r := range l.p.d.routes {
		bytes += r.counted.bytes
		owedBytes += max(0, m.bytes.surePart(r.parts)-r.counted.bytes)
		if r.cfg.countsMessages() {
			messages += r.counted.messages
			owedMessages += max(0, m.messages.surePart(r.parts)-r.counted.messages)
		}
		if r.counted != r.holding() {
			t.Fatalf("route %d holds %+v, %+v are counted", i, r.holding(), r.counted)
		}
		if len(l.sizes[i]) == 1 { // However large, a single message is taken.
			largest += l.sizes[i][0]
		}
		messageStakes[0] += count(r.messageStake.busy) * int(unit/r.parts)
		messageStakes[1] += count(r.messageStake.claim)
		byteStakes[0] += count(r.byteStake.busy) * int(unit/r.parts)
		byteStakes[1] += count(r.byteStake.claim)
	}
	if m.messages.used != messages || m.bytes.used != bytes || m.messages.owed != owedMessages ||
		m.bytes.owed != owedBytes || messageStakes != [2]int{int(m.messages.busy), m.messages.claims} ||
		byteStakes != [2]int{int(m.bytes.busy), m.bytes.claims} {
		t.Fatalf("the sums are wrong: %d, %d, %d, %d, %d, %d of %+v", messages, bytes, owedMessages, owedBytes,
			messageStakes, byteStakes, m)
	}
	n := int64(len(l.sizes))
	mostMessages, mostBytes := max(m.messages.total, m.messages.sure*n), max(m.bytes.total, m.bytes.sure*n)+largest
	if l.begun > 0 { // What is held is not taken away for what newcomers are sure of.
		mostMessages, mostBytes = mostMessages+m.messages.sure*n, mostBytes+m.bytes.sure*n
	}
	if messages > mostMessages || bytes > mostBytes {
		t.Fatalf("%d messages, %d bytes are used of %d, %d", messages, bytes, m.messages.total, m.bytes.total)
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// giveAllBack ends everything. Then no source waits that has not been woken.
func (l *loan) giveAllBack(t *testing.T) {
	for i, r := range l.p.d.routes {
		r.Release(r.reserved)
		for len(l.sizes[i]) > 0 {
			l.end(r, i)
		}
	}
	m := &l.p.d.memory
	if m.messages.used != 0 || m.bytes.used != 0 || m.messages.busy+m.bytes.busy != 0 ||
		m.messages.claims+m.bytes.claims != 0 || len(m.hungry) > 0 {
		t.Errorf("with nothing held: %+v", m)
	}
	for i, r := range l.p.d.routes {
		if n, _ := r.Reserve(); r.cfg.Returnable && n == 0 {
			t.Errorf("route %d gets nothing of an empty memory", i)
		}
		r.Release(r.reserved)
	}
}
