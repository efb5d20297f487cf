package chaos

import (
	"strings"
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// acceptances are answers that accept, whatever becomes of their bodies.
var acceptances = []struct {
	name   string
	answer func(p *peer, r *request) bool // It reports whether the connection goes on.
	alone  bool                           // The connection must not carry another publish.
	forms  int
}{
	{"a 204 in chunks whose end comes later", lateEnd("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), true, 4},
	{"a 204 with a length whose body comes later", lateEnd("Content-Length: 2\r\n", "{}"), true, 4},
	{"a 200 whose body breaks off", func(p *peer, r *request) bool {
		p.accept(r, "HTTP/1.1 200 OK\r\n"+isJSON+unfinished+"{\"a")
		return false
	}, true, 2},
	{"a 200 in chunks that break off with a reset", func(p *peer, r *request) bool {
		p.accept(r, "HTTP/1.1 200 OK\r\n"+isJSON+"Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a")
		time.Sleep(15 * time.Millisecond)
		p.reset()
		return false
	}, true, 2},
	{"a 200 whose body never comes", func(p *peer, r *request) bool {
		p.accept(r, "HTTP/1.1 200 OK\r\n"+isJSON+unfinished)
		p.watch(0)
		return false
	}, true, 2},
	{"a 200 whose body never ends", func(p *peer, r *request) bool {
		return p.accept(r, "HTTP/1.1 200 OK\r\n"+isJSON+endless+"{\"a\":\"") && p.dribble()
	}, true, 2},
	{"a 200 whose body is long", func(p *peer, r *request) bool {
		return p.accept(r, "HTTP/1.1 200 OK\r\n"+isJSON+"Content-Length: 1000000000\r\n\r\n{\"a\":\"") && p.dribble()
	}, true, 2},
	{"a 204 with a head of 8.5 KiB", longHead(8<<10 + 512), false, 2},
	{"a 204 with a head of 60 KiB", longHead(60 << 10), false, 4},
}

// unfinished are the fields before a body of which something is missing.
const unfinished = "Content-Length: 100\r\n\r\n"

// endless are the fields before a body that comes to no end in the time of a test.
const endless = "Transfer-Encoding: chunked\r\n\r\n400\r\n"

const isJSON = "Content-Type: application/json\r\n"

// lateEnd answers with a 204 that seems to have a body, which comes later than its head.
func lateEnd(fields, body string) func(*peer, *request) bool {
	return func(p *peer, r *request) bool {
		p.accept(r, "HTTP/1.1 204 No Content\r\n"+fields+"\r\n")
		time.Sleep(15 * time.Millisecond)
		return p.say(body)
	}
}

// longHead answers with a 204 whose head is so long.
func longHead(bytes int) func(*peer, *request) bool {
	padding := strings.Repeat("X-Padding: "+strings.Repeat("x", 500)+"\r\n", bytes/513)
	return func(p *peer, r *request) bool { return p.accept(r, "HTTP/1.1 204 No Content\r\n"+padding+"\r\n") }
}

// dribble goes on saying a little, until the daemon closes the connection or it has been long enough.
func (p *peer) dribble() bool {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && p.say("x"); {
		time.Sleep(50 * time.Millisecond)
	}
	return false
}

// The status line decides, and a 204 ends with its head: what is accepted is not published again, whatever the rest of
// the answer looks like.
func TestAcceptanceIsDecidedByTheStatusLine(t *testing.T) {
	bothDepths(t)
	t.Parallel()
	for i, tt := range acceptances {
		for _, f := range forms(i, tt.forms) {
			t.Run(tt.name+", "+f.String(), func(t *testing.T) {
				t.Parallel()
				w := f.start(t, 1, func(p *peer) {
					for r := p.next(); r != nil && tt.answer(p, r); r = p.next() {
					}
				}, settings{momento: "  timeout: 5s"})
				const messages = 5
				w.publishOneByOne(messages, 30*time.Millisecond)
				w.carried(messages, nil)
				w.once(messages)
				connections := map[int]bool{}
				for _, r := range w.e.seen() {
					connections[r.peer] = true
				}
				if tt.alone && len(connections) != len(w.e.seen()) || !tt.alone && len(connections) != 1 {
					t.Errorf("%d connections for %d requests", len(connections), len(w.e.seen()))
				}
			})
		}
	}
}

// One message is refused with an answer whose body never ends. That is no timeout: a 400 rejects it, a 429 has it
// tried again as one that was refused for quota, and neither holds up what comes after it.
func TestRefusalWhoseBodyNeverEndsIsDecidedByTheStatusLine(t *testing.T) {
	bothDepths(t)
	t.Parallel()
	const refused, messages = "10", 31
	for i, tt := range []struct {
		name   string
		status string
		fields string
		result string
		goOn   func(*peer) bool
		ended  map[string]int // Of the messages that are not published, by outcome.
	}{
		{
			"a 400 that says no more", "400 Bad Request", unfinished, "400", (*peer).silent,
			map[string]int{"rejected": 1},
		},
		{"a 400 that never ends", "400 Bad Request", endless, "400", (*peer).dribble, map[string]int{"rejected": 1}},
		{"a 429 that says no more", "429 Too Many Requests", unfinished, "429", (*peer).silent, nil},
		{"a 429 that never ends", "429 Too Many Requests", endless, "429", (*peer).dribble, nil},
	} {
		for _, f := range forms(i, 2) {
			t.Run(tt.name+", "+f.String(), func(t *testing.T) {
				t.Parallel()
				w := f.start(t, 1, func(p *peer) {
					for r := p.next(); r != nil; r = p.next() {
						if r.payload == refused && len(p.s.of(refused)) == 1 {
							p.refuse(r, "HTTP/1.1 "+tt.status+"\r\n"+isJSON+tt.fields+"{\"message\":\"no")
							tt.goOn(p)
							return
						}
						if !p.accept(r, noContent) {
							return
						}
					}
				}, settings{momento: "  timeout: 5s"})
				w.publish(0, 10)
				w.published(10)
				w.publish(10, 1)
				lab.Eventually(t, patience, "the message is tried", func() bool { return len(w.e.of(refused)) > 0 })
				w.publish(11, messages-11)
				w.carried(messages, tt.ended)
				attempts := w.daemon.Metric("momento_bridge_publish_attempts_total", `result="`+tt.result+`"`)
				timeouts := w.daemon.Metric("momento_bridge_publish_attempts_total", `result="timeout"`)
				if attempts != 1 || timeouts != 0 {
					t.Errorf("%g attempts are counted as %s and %g as timeouts, want one and none",
						attempts, tt.result, timeouts)
				}
				if n := len(w.e.of(refused)); n != 2-len(tt.ended) {
					t.Errorf("the refused message was sent %d times", n)
				}
			})
		}
	}
}

// silent keeps the connection open until the daemon closes it or it has been long enough.
func (p *peer) silent() bool {
	p.watch(0)
	return false
}
