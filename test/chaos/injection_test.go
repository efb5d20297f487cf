package chaos

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// injector is an endpoint that accepts everything, and at random moments between its answers says what nobody has
// asked for, closes, half-closes or resets. It does so only when every request that it has read is answered and no
// other has come for a while.
type injector struct {
	depth   int
	wild    atomic.Bool // Something may be on its way: nobody can tell what that was answered.
	stopped atomic.Bool

	calming sync.RWMutex // Guards calm: while it is held for reading, that stays as it is.
	calm    bool         // Nothing is on its way, so that nothing may come after an injection.

	mu  sync.Mutex // Guards the following.
	rng *rand.Rand
}

func (i *injector) dice(n int) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.rng.IntN(n)
}

// script serves one connection.
func (i *injector) script(p *peer) {
	for !i.stopped.Load() {
		if p.quiet(time.Millisecond << i.dice(6)) {
			if i.befallCalmly(p) {
				p.watch(0)
				return
			}
			if i.wild.Load() && i.dice(2) == 0 {
				i.befall(p)
				p.watch(underWay)
				return
			}
			continue
		}
		r := p.next()
		if r == nil {
			return
		}
		time.Sleep(time.Duration(500+i.dice(1000)) * time.Microsecond) // A burst takes several connections.
		// With one publish in flight nothing can be on its way while one is unanswered, so what comes together with
		// its answer is seen in time.
		if i.depth == 1 && i.dice(10) == 0 && !i.stopped.Load() {
			p.accept(r, noContent+i.bytes())
			p.watch(0)
			return
		}
		if !p.accept(r, noContent) {
			return
		}
	}
	accepting(p)
}

// befallCalmly is befall, if nothing is on its way. It reports whether it was.
func (i *injector) befallCalmly(p *peer) bool {
	i.calming.RLock()
	defer i.calming.RUnlock()
	if i.calm {
		i.befall(p)
	}
	return i.calm
}

// setCalm returns when nothing more befalls a connection that still takes it for as it was.
func (i *injector) setCalm(calm bool) {
	i.calming.Lock()
	defer i.calming.Unlock()
	i.calm = calm
}

// befall does something to an idle connection, on which nothing may be sent any more.
func (i *injector) befall(p *peer) {
	text := i.bytes()
	kind := i.dice(8)
	switch {
	case kind == 0 && p.Conn != p.tcp:
		_, _ = p.tcp.Write([]byte(text + "no record")) // Below TLS, and enough for the head of a record.
	case kind <= 4:
		p.say(text)
	case kind == 6:
		_ = p.Close()
	case kind == 7:
		_ = p.tcp.SetLinger(0)
		_ = p.tcp.Close()
	}
	if kind == 4 || kind == 5 {
		p.halfClose()
	}
}

// bytes returns what no request has asked for: whole answers, broken ones, garbage.
func (i *injector) bytes() string {
	garbage := make([]byte, 1+i.dice(200))
	for k := range garbage {
		garbage[k] = byte(i.dice(256))
	}
	all := [...]string{
		noContent,
		"HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n",
		noContent + noContent,
		jsonReply(400, "bad"),
		htmlReply(408, "Request Time-out"),
		reply(429, "Retry-After: 1\r\n", ""),
		reply(503, "Connection: close\r\n", "busy"),
		reply(200, isJSON, "{}"),
		"HTTP/1.1 100 Continue\r\n\r\n",
		"HTTP/1.1 204 No Con",
		"HTTP/1.1 204 No Content\r\n",
		"HTTP/1.1 400 Bad Request\r\nContent-Length: 100\r\n\r\nbad",
		"\r\n", "0\r\n\r\n", "H",
		string(garbage),
	}
	return all[i.dice(len(all))]
}

// Whatever is injected between answers, no message is lost, none ends as published that the endpoint has not accepted,
// and none is sent twice but those that are counted as ambiguous. None is as long as nothing is on its way.
func TestInjectionsBetweenAnswersChangeNoMessage(t *testing.T) {
	bothDepths(t) // And not with other tests: it looks at times of a few milliseconds.
	all := []form{{secure: true, depth: 1}, {core: true, depth: 8}, {depth: 1}, {secure: true, depth: 8}}
	for k, f := range pick(all[:2], all, all) {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			i := &injector{depth: f.depth, rng: seeded(t, uint64(k))}
			w := f.start(t, 4, i.script, settings{momento: "  timeout: 3s", route: ", ordering: none"})
			messages := w.calmly(i, 60, pick(4, 8, 100))
			w.carried(messages, nil)
			w.once(messages)
			w.untouched(8)
			i.wild.Store(true)
			messages += w.steady(messages, 300, pick(time.Second, 1500*time.Millisecond, 30*time.Second))
			messages += w.bursts(messages, 60, pick(4, 8, 200), func() time.Duration {
				return underWay + time.Duration(50+i.dice(100))*time.Millisecond
			})
			i.stopped.Store(true)
			w.awaitEnded(messages)
			w.unchanged(messages)
		})
	}
}

// calmly publishes bursts, and lets something befall connections only when all is settled. It returns how many
// messages.
func (w *world) calmly(i *injector, size, times int) int {
	w.t.Helper()
	for k := range times {
		w.publish(k*size, size)
		w.awaitEnded((k + 1) * size)
		i.setCalm(true)
		time.Sleep(50 * time.Millisecond)
		i.setCalm(false)
		w.daemon.catchUp()
	}
	return size * times
}

// steady publishes at a rate for some time and returns how many messages.
func (w *world) steady(first, perSecond int, during time.Duration) int {
	w.t.Helper()
	n := 0
	ticks := time.NewTicker(time.Millisecond)
	defer ticks.Stop()
	for began := time.Now(); time.Since(began) < during; <-ticks.C {
		due := int(time.Since(began).Seconds() * float64(perSecond))
		w.publish(first+n, due-n)
		n = due
	}
	return n
}

// bursts publishes several messages at once, several times, with pauses, and returns how many.
func (w *world) bursts(first, size, times int, pause func() time.Duration) int {
	w.t.Helper()
	for k := range times {
		w.publish(first+k*size, size)
		time.Sleep(pause())
	}
	return size * times
}

// unchanged checks the property.
func (w *world) unchanged(messages int) {
	w.t.Helper()
	outcomes := w.daemon.outcomes()
	_, accepted := w.e.byPayload()
	ambiguous := w.daemon.ambiguous()
	w.untouched(20)
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	raced := map[string]bool{}
	for _, payload := range w.e.injected.raced {
		raced[payload] = true
	}
	sent := len(w.e.requests) + len(w.e.injected.raced) + len(w.e.injected.strays)
	w.t.Logf("%d messages ended as %v, %d requests, %d ambiguous", messages, outcomes, sent, ambiguous)
	var never []string
	for k := range messages {
		if payload := fmt.Sprint(k); accepted[payload] == 0 && !raced[payload] {
			never = append(never, payload)
		}
	}
	if len(never) > 0 {
		w.t.Errorf("%d messages were never accepted, such as %q", len(never), never[:min(5, len(never))])
	}
	if other := messages - outcomes["published"]; other > len(raced) {
		w.t.Errorf("messages ended as %v, want all %d published", outcomes, messages)
	}
	if copies := sent - messages; copies > ambiguous+len(raced) { // Those may have been told to come again.
		w.t.Errorf("%d requests for %d messages, %d ambiguous", sent, messages, ambiguous)
	}
	// How long the daemon takes to see what has befallen a connection depends on the machine.
	timely(w.t, w.e.injected.races <= 5+w.e.injected.count/10,
		"publishes were sent on %d of %d connections right after something had befallen them", w.e.injected.races,
		w.e.injected.count)
}
