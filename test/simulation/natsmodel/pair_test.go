package natsmodel

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// pair asks both sides the same, and compares what they say.
type pair struct {
	t        testing.TB
	model    *modelSide
	real     *realSide
	ours     map[string]*client // Of the model,
	other    map[string]*client // and of the real server.
	own      string             // Begins the names of clients: others may talk to the same real server.
	n        int                // Of inboxes.
	log      []string
	reported map[string]bool // Inboxes.
	differs  []string
}

func newPair(t testing.TB, r *realSide, own string) *pair {
	return &pair{
		t: t, own: own, model: newModelSide(Config{Seed: 1}), real: r,
		ours: map[string]*client{}, other: map[string]*client{},
		reported: map[string]bool{},
	}
}

func (p *pair) connect(name string) {
	p.ours[name], p.other[name] = newClient(p.model, p.own+name), newClient(p.real, p.own+name)
}

func (p *pair) cut(name string) {
	p.note("cut %s", name)
	p.ours[name].wire.cut()
	p.other[name].wire.cut()
	p.ours[name].connect()
	p.other[name].connect()
}

func (p *pair) restart() {
	p.note("restart")
	p.model.restart()
	p.real.restart()
	for _, name := range slices.Sorted(maps.Keys(p.ours)) {
		p.ours[name].connect()
		p.other[name].connect()
	}
}

// close ends all connections.
func (p *pair) close() {
	for _, c := range p.other {
		c.wire.cut()
	}
}

func (p *pair) note(format string, args ...any) { p.log = append(p.log, fmt.Sprintf(format, args...)) }

// inbox returns a new one.
func (p *pair) inbox() string {
	p.n++
	return fmt.Sprint("r", p.n)
}

// ask makes a request on both sides, and waits until they have said the same.
func (p *pair) ask(name, subject, header, body string) {
	p.tell(name, subject, header, body)
	p.compare()
}

// tell makes a request on both sides whose answer takes time.
func (p *pair) tell(name, subject, header, body string) (inbox string) {
	inbox = p.inbox()
	p.note("%s asks %s %q %s, answer on %s", name, subject, header, body, inbox)
	p.ours[name].request(inbox, subject, header, body)
	p.other[name].request(inbox, subject, header, body)
	return inbox
}

// beats waits until both sides have sent a heartbeat on an inbox, and compares them.
func (p *pair) beats(name, inbox string) {
	p.model.pass(40 * time.Millisecond)
	for end := time.Now().Add(patience); p.other[name].beat(inbox) == ""; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			break
		}
	}
	if ours, other := p.ours[name].beat(inbox), p.other[name].beat(inbox); ours != other || ours == "" {
		p.differ("heartbeats\nmodel: %q\n real: %q", ours, other)
	}
}

// acknowledge sends an acknowledgement of a delivery to both sides.
func (p *pair) acknowledge(name, key, word string) {
	inbox := p.inbox()
	p.note("%s says %s of %s, answer on %s", name, word, key, inbox)
	for _, c := range []*client{p.ours[name], p.other[name]} {
		c.request(inbox, c.replyOf(key), "", word)
	}
	p.compare()
}

// pass lets time go by on both sides.
func (p *pair) pass(d time.Duration) {
	p.note("wait %v", d)
	p.model.pass(d)
	p.real.pass(d)
	p.compare()
}

// patience is how long the real server may take to say what the model says at once.
var patience = 20 * time.Second

// compare waits until the real server has said what the model has. It tells of each difference once.
func (p *pair) compare() {
	for _, name := range slices.Sorted(maps.Keys(p.ours)) {
		want := p.ours[name].told()
		for end := time.Now().Add(p.wait()); ; time.Sleep(200 * time.Microsecond) {
			inbox, different := p.difference(want, p.other[name].told())
			if inbox == "" {
				break
			}
			if time.Now().Before(end) {
				continue
			}
			p.reported[inbox] = true
			p.differ("client %s, on %s: %s", name, inbox, different)
		}
	}
}

// differ notes that the two are not the same.
func (p *pair) differ(format string, args ...any) {
	p.differs = append(p.differs, fmt.Sprintf(format, args...)+"\nafter\n       "+strings.Join(p.log, "\n       "))
}

// report tells of what was not the same.
func (p *pair) report() {
	p.t.Helper()
	for _, d := range p.differs {
		p.t.Error(d)
	}
}

// sync waits until streams and consumers of the real server are where those of the model are: what is asked of the one
// at once takes the other a moment.
func (p *pair) sync(subjects ...string) {
	for _, subject := range subjects {
		name := slices.Sorted(maps.Keys(p.ours))[0]
		want := canonicalData(p.state(p.ours[name], subject))
		for end := time.Now().Add(p.wait()); ; time.Sleep(300 * time.Microsecond) {
			got := canonicalData(p.state(p.other[name], subject))
			if got == want {
				break
			}
			if time.Now().After(end) {
				p.differ("%s\nmodel: %s\n real: %s", subject, want, got)
				break
			}
		}
	}
}

func (p *pair) wait() time.Duration {
	if len(p.differs) > 0 { // What differs once differs more often.
		return patience / 20
	}
	return patience
}

// state asks a side for something that it answers at once.
func (p *pair) state(c *client, subject string) []byte {
	p.n++
	inbox := fmt.Sprint("sync", p.n)
	c.request(inbox, subject, "", "")
	for end := time.Now().Add(p.wait()); ; time.Sleep(100 * time.Microsecond) {
		if b := c.taken(inbox); b != nil || time.Now().After(end) {
			return b
		}
	}
}

// difference says where what was heard differs on an inbox; empty: nowhere that was not told of.
func (p *pair) difference(want, got map[string][]string) (inbox, different string) {
	for _, inbox := range slices.Sorted(maps.Keys(want)) {
		if !p.reported[inbox] && !slices.Equal(want[inbox], got[inbox]) {
			return inbox, fmt.Sprintf("\nmodel: %s\n real: %s", tail(want[inbox]), tail(got[inbox]))
		}
	}
	for inbox := range got {
		if !p.reported[inbox] && len(want[inbox]) == 0 {
			return inbox, "the real server alone says " + tail(got[inbox])
		}
	}
	return "", ""
}

func tail(texts []string) string {
	if len(texts) > 6 {
		texts = texts[len(texts)-6:]
	}
	return strings.Join(texts, "\n       ")
}
