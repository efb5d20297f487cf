package simulation

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"momento-bridge/emulator"
)

// endpoint is the model of Momento Topics: HTTP as a server speaks it, quotas, keys, and what goes wrong.
type endpoint struct {
	world   *World
	rng     *rand.Rand
	limiter emulator.Limiter
	away    bool            // It takes no connections.
	keys    map[string]bool // That are valid.
	trouble []trouble       // That last now.
	most    int             // Requests on a connection; 0: any number.
}

// trouble is something that goes wrong with a share of the publishes for a while.
type trouble struct {
	kind  troubleKind
	share float64
	topic string // Of this topic alone; empty: of all.
	until int64
	wait  time.Duration
}

type troubleKind int

const (
	troubleStatus503 troubleKind = iota
	troubleStatus500
	troubleRefuse     // 429.
	troubleRefuseWait // 429 with Retry-After.
	troubleDrop       // The link breaks before it is accepted,
	troubleLose       // or after.
	troubleHang       // No answer.
	troubleSlow       // Late answers, some of them too late.
	troubleClose      // Closed after the answer, without a word,
	troublePolite     // or with one.
	troubleStray      // An answer more than was asked for.
	troubleInterim    // 1xx first.
	troublePage       // A page of somebody in between.
	troubleKey        // 401.
	troubleTopic      // 403.
	troubleCache      // 404.
	troubleCut        // The answer breaks off.
	troubles
)

func newEndpoint(w *World) endpoint {
	e := endpoint{world: w, rng: stream(w.Seed, 4), keys: map[string]bool{theKey: true}}
	e.renew(w.plan.limit)
	return e
}

// renew gives the endpoint another quota.
func (e *endpoint) renew(s emulator.Settings) {
	l, err := emulator.NewLimiter(s, e.world.Seed, e.world.time(e.world.now()))
	if err != nil {
		panic(err)
	}
	e.limiter = l
}

// sent notes which publishes a daemon has written.
func (e *endpoint) sent(l *link, b []byte) {
	w := e.world
	l.http.requests(b, func(head string, body []byte) {
		a := &attempt{link: l, end: l.http.size, key: headerOf(head, "Authorization")}
		var ok bool
		if a.cache, a.topic, ok = targetOf(head); !ok {
			w.fault("a request that is no publish: %q", head)
			return
		}
		w.truth.attempted(a, body)
		l.http.waiting = append(l.http.waiting, a)
		l.http.flying = append(l.http.flying, a)
		w.figures.Attempts++
	})
	l.http.begun = l.http.size > 0
}

// receive takes what has arrived.
func (e *endpoint) receive(l *link, n int) {
	h := &l.http
	h.come += n
	for len(h.waiting) > 0 && h.waiting[0].end <= h.come {
		a := h.waiting[0]
		h.waiting = h.waiting[1:]
		e.handle(l, a)
	}
}

// lasting returns a trouble that strikes a publish now, if there is one.
func (e *endpoint) lasting(a *attempt) *trouble {
	now := e.world.now()
	e.trouble = slices.DeleteFunc(e.trouble, func(t trouble) bool { return t.until <= now })
	for i := range e.trouble {
		t := &e.trouble[i]
		if t.topic != "" && t.topic != a.topic {
			continue
		}
		if e.rng.Float64() < t.share {
			return t
		}
	}
	return nil
}

// handle decides about a publish.
func (e *endpoint) handle(l *link, a *attempt) {
	w := e.world
	if l.http.held {
		return
	}
	l.http.served++
	t := e.lasting(a)
	if t == nil {
		t = &trouble{kind: troubles} // That is none.
	} else {
		w.figures.Struck++
	}
	work := time.Duration(e.rng.ExpFloat64() * float64(w.plan.work))
	switch {
	case e.strikesBefore(a, t, work):
	case !e.keys[a.key]:
		e.say(a, work, 401, "", `{"message":"invalid token"}`)
	case a.poison():
		e.say(a, work, 400, "", `{"message":"invalid argument"}`)
	case !e.limiter.Take(w.time(w.now()), 1, uint64(l.id)): //nolint:gosec // Small.
		e.refuse(a, work, "")
	default:
		w.figures.Accepted++
		w.truth.accepted(a)
		e.accept(a, t.kind, work)
	}
}

// strikesBefore has a trouble befall a publish before it can be accepted. It reports whether it did.
func (e *endpoint) strikesBefore(a *attempt, t *trouble, work time.Duration) bool {
	switch t.kind { //nolint:exhaustive // The others come later.
	case troubleDrop:
		e.world.cut(a.link, true)
	case troubleHang:
		a.link.http.held = true
	case troubleCut:
		if e.rng.IntN(2) > 0 {
			return false
		}
		e.half(a, work) // Half of an answer does not say that the publish was accepted.
	case troubleStatus503:
		e.say(a, work, 503, "", `{"message":"try again"}`)
	case troubleStatus500:
		e.say(a, work, 500, "", `{"message":"internal"}`)
	case troublePage:
		e.say(a, work, 200, "Content-Type: text/html\r\n", "<html><body>sign in</body></html>")
	case troubleKey:
		e.say(a, work, 401, "", `{"message":"invalid token"}`)
	case troubleTopic:
		e.say(a, work, 403, "", `{"message":"permission denied"}`)
	case troubleCache:
		e.say(a, work, 404, "", `{"message":"Cache not found"}`)
	case troubleRefuse:
		e.refuse(a, work, "")
	case troubleRefuseWait:
		a.wait = t.wait / time.Second * time.Second
		e.refuse(a, work, fmt.Sprintf("Retry-After: %d\r\n", int(t.wait/time.Second)))
	default:
		return false
	}
	return true
}

// accept answers a publish that is accepted, unless a trouble prevents that.
func (e *endpoint) accept(a *attempt, kind troubleKind, work time.Duration) {
	l, w := a.link, e.world
	switch kind { //nolint:exhaustive // The others came before.
	case troubleLose:
		w.cut(l, true)
		return
	case troubleSlow:
		work += time.Duration(e.rng.Float64() * 1.5 * float64(w.plan.timeout))
	case troubleClose:
		e.closing(a, work, false)
		return
	case troublePolite:
		e.closing(a, work, true)
		return
	case troubleInterim:
		e.reply(a, work, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"+accepting, 204, nil)
		return
	case troubleCut:
		e.half(a, work)
		return
	case troubleStray:
		e.reply(a, work, accepting, 204, nil)
		e.stray(l)
		return
	}
	if e.most > 0 && l.http.served >= e.most {
		e.closing(a, work, e.rng.IntN(2) == 0)
		return
	}
	e.reply(a, work, accepting, 204, nil)
}

const accepting = "HTTP/1.1 204 No Content\r\nServer: model\r\n\r\n"

func (e *endpoint) refuse(a *attempt, work time.Duration, header string) {
	e.world.figures.Refused++
	e.say(a, work, 429, header, `{"message":"Request rate exceeded."}`)
}

// say answers with a status and a body.
func (e *endpoint) say(a *attempt, work time.Duration, status int, header, body string) {
	if header == "" || header[:12] != "Content-Type" {
		header += "Content-Type: application/json\r\n"
	}
	e.reply(a, work, "HTTP/1.1 "+strconv.Itoa(status)+" Status\r\n"+header+
		"Content-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body, status, nil)
}

// closing accepts, and closes the link.
func (e *endpoint) closing(a *attempt, work time.Duration, polite bool) {
	a.link.http.held, a.link.http.polite = true, polite
	text := accepting
	if polite {
		text = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
	}
	e.reply(a, work, text, 204, io.EOF)
}

// reply sends an answer, which the daemon knows once it has all of it.
func (e *endpoint) reply(a *attempt, work time.Duration, text string, status int, end error) {
	w := e.world
	w.history.note(w.now(), "answer", int64(a.link.id), int64(status))
	b := []byte(text)
	seen := func() { e.known(a, status) }
	if e.rng.IntN(10) == 0 {
		at := 1 + e.rng.IntN(len(b)-1)
		w.answer(a.link, b[:at:at], work, nil, nil)
		w.answer(a.link, b[at:], time.Duration(e.rng.IntN(int(100*time.Millisecond))), end, seen)
		return
	}
	w.answer(a.link, b, work, end, seen)
}

// half sends an answer that breaks off in its status line.
func (e *endpoint) half(a *attempt, work time.Duration) {
	a.link.http.held = true
	e.world.answer(a.link, []byte(accepting[:1+e.rng.IntN(8)]), work, io.EOF, func() { e.broke(a.link) })
}

// stray sends an answer that nobody has asked for, while nothing is asked for.
func (e *endpoint) stray(l *link) {
	w := e.world
	wait := time.Duration(e.rng.IntN(int(2 * time.Second)))
	w.after(wait, func() {
		if l.gone || l.finished != 0 || l.http.held || len(l.http.flying) > 0 || l.back > w.now() {
			return
		}
		w.history.note(w.now(), "stray", int64(l.id))
		l.http.held = true
		l.deliver([]byte(accepting), nil)
	})
}

// known notes that the daemon has an answer.
func (e *endpoint) known(a *attempt, status int) {
	if a.over {
		return
	}
	a.over = true
	e.landed(a)
	e.world.truth.known(a, status)
}

// landed takes an attempt out of flight.
func (e *endpoint) landed(a *attempt) {
	a.link.http.flying = slices.DeleteFunc(a.link.http.flying, func(b *attempt) bool { return a == b })
	e.world.truth.landed(a)
}

// broke notes that the daemon can learn nothing more on a link.
func (e *endpoint) broke(l *link) {
	if l.server != toEndpoint {
		return
	}
	for _, a := range slices.Clone(l.http.flying) {
		a.over = true
		e.landed(a)
		if a.accepted > 0 {
			l.owner.manners.mayKnow(e.world.truth.byCache[a.cache].name, len(a.messages))
		}
		if !l.http.polite { // Who says that it closes has taken nothing more.
			e.world.truth.unclear(a)
		}
	}
}

// left notes that the daemon has closed a link.
func (e *endpoint) left(l *link) { e.broke(l) }
