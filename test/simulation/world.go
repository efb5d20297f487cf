package simulation

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"momento-bridge/test/simulation/natsmodel"
)

// World is everything around the daemons, and what is known of it. It lives in one goroutine of a bubble, which does
// one thing at a time: it takes the next event, waits until the virtual time has come and nothing else moves, and does
// it. Then it fetches what the daemons have written, in the order of the connections' numbers, and makes events of
// that. So the daemons' goroutines meet the world only while they all wait, and the same seed makes the same history,
// in another process as a rule.
type World struct {
	Seed    uint64
	plan    *scenario
	began   time.Time
	queue   queue
	history *history
	poked   chan struct{}
	timer   *time.Timer

	// lock is held while the world does something. Daemons that connect to NATS take it, too; see greet.
	lock sync.Mutex

	mu    sync.Mutex // Guards dials, which daemons add to.
	dials []*dialing

	links    []*link // That are open, in the order of their numbers.
	last     int     // The number of the latest link.
	nats     natsSide
	endpoint endpoint
	replicas []*replica
	truth    truth
	figures  Figures

	thread                   thread
	on                       uintptr   // The thread that it was on last.
	chance                   *rand.PCG // What the runtime draws.
	network, faults, traffic *rand.Rand
	collectAt                int         // Events until garbage is collected.
	woken                    bool        // A poke was taken, and nothing fetched since.
	stirred                  atomic.Bool // Daemons may be moving.
	ending                   bool        // No daemon is started any more.
	broken                   bool        // A fault was found: nothing goes on.
}

// dialing is a connection that a daemon wants.
type dialing struct {
	owner  *replica
	server endpointOf
	result chan dialed
}

type dialed struct {
	link *link
	err  error
}

// stream gives a part of the world random numbers of its own, so that a change of one changes no other.
func stream(seed, part uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, part)) } //nolint:gosec // To be repeated.

func newWorld(seed uint64, plan *scenario) *World {
	w := &World{
		Seed: seed, plan: plan, began: time.Now(), collectAt: collectEvery, history: newHistory(),
		poked:   make(chan struct{}, 1),
		network: stream(seed, 1), faults: stream(seed, 2), traffic: stream(seed, 3),
	}
	w.timer, w.thread, w.chance = time.NewTimer(time.Hour), findThread(), rand.NewPCG(seed, 6)
	w.nats = natsSide{
		world: w, server: natsmodel.New(plan.nats), links: map[natsmodel.Conn]*link{},
		due: -1,
	}
	w.nats.server.OnLoss(w.truth.lostBack)
	w.on = w.thread.name()
	w.endpoint = newEndpoint(w)
	w.truth.world = w
	return w
}

// now is the time since the world began, in nanoseconds.
func (w *World) now() int64 { return int64(time.Since(w.began)) }

// time returns a time of the world as a daemon's clock shows it.
func (w *World) time(at int64) time.Time { return w.began.Add(time.Duration(at)) }

// after has something happen after a while.
func (w *World) after(d time.Duration, do func()) { w.queue.put(w.now()+int64(d), do) }

// poke tells the world that a daemon has done something. Any goroutine may call it.
func (w *World) poke() {
	select {
	case w.poked <- struct{}{}:
	default:
	}
}

// run lets the world go on until a time, or until a fault is found.
func (w *World) run(until int64) {
	w.stirred.Store(true)
	for !w.broken {
		if w.stirred.Swap(false) {
			w.rest()
		}
		next, done := w.step(until)
		if done {
			continue
		}
		wait := time.Duration(next - w.now())
		if wait <= 0 {
			return
		}
		w.timer.Reset(wait)
		select {
		case <-w.timer.C:
		case <-w.poked:
			w.woken = true
		}
		w.stirred.Store(true)
	}
}

// rest waits until nothing moves, and decides what is random from then on.
func (w *World) rest() {
	synctest.Wait()
	w.collect()
	if at := w.thread.name(); at != w.on {
		w.on = at
		w.figures.Moved++
	}
	w.thread.seed(w.chance)
	w.thread.hold()
}

// collect has the garbage collected now and then, while nothing moves: on the way, it would change who goes on first.
func (w *World) collect() {
	if w.figures.Events < w.collectAt {
		return
	}
	w.collectAt = w.figures.Events + collectEvery
	letGo()
	runtime.GC()
}

// collectEvery is in events: some 40 MB are made in between.
const collectEvery = 20_000

// step does one thing, if there is one to be done. Otherwise it returns when there is one next, until at the latest.
func (w *World) step(until int64) (next int64, done bool) {
	w.lock.Lock()
	defer w.lock.Unlock()
	if w.fetch() {
		return 0, true
	}
	if len(w.queue.events) == 0 {
		return until, false
	}
	if at := w.queue.events[0].at; at > w.now() {
		return min(at, until), false
	}
	w.queue.take().do()
	w.figures.Events++
	return 0, true
}

// fetch takes what the daemons have done since it was called last. It reports whether that was anything.
func (w *World) fetch() bool {
	if !w.woken {
		select {
		case <-w.poked:
		default:
			return false
		}
	}
	w.woken = false
	w.mu.Lock()
	dials := w.dials
	w.dials = nil
	w.mu.Unlock()
	for _, d := range dials {
		w.dialed(d)
	}
	var open []func() // A link that was given up is free for what is sent on another one at the same moment.
	for _, l := range w.links {
		written, closed := l.fetch()
		say := func() {
			if len(written) > 0 && !l.gone {
				w.sent(l, written)
			}
		}
		if !closed || l.finished != 0 {
			open = append(open, say)
			continue
		}
		say()
		l.finished = w.now()
		w.hungUp(l)
	}
	for _, say := range open {
		say()
	}
	w.links = slices.DeleteFunc(w.links, func(l *link) bool { return l.finished != 0 })
	return true
}

// fault is something that must not happen. The first one ends the run.
func (w *World) fault(format string, args ...any) {
	if w.broken {
		return
	}
	w.broken = true
	if w.figures.Fault != "" { // What comes while everything is being stopped may follow from the first.
		return
	}
	w.figures.Fault = fmt.Sprintf(format, args...)
	w.figures.At = time.Duration(w.now())
	w.figures.Trace = w.history.last(kept)
}

// show prints what is sent, where Shown asks for it.
func (w *World) show(l *link, b []byte) {
	if w.history.echo != nil && Shown.Bytes {
		w.history.echo(fmt.Sprintf("link %d: %q", l.id, b))
	}
}
