package chaos

import (
	"testing"
	"time"
)

// rhythm is when something befalls a connection, and when a message comes.
type rhythm struct{ idle, interval time.Duration }

var (
	quick = rhythm{idle: 200 * time.Millisecond, interval: 400 * time.Millisecond}
	// slow is one in which a connection rests for longer than a daemon may take it for open without looking.
	slow = rhythm{idle: 1100 * time.Millisecond, interval: 1300 * time.Millisecond}
)

// unasked is what befalls a connection while it is idle.
var unasked = []struct {
	name   string
	befall func(*peer)
	rhythm rhythm
	forms  int
}{
	{"a 400 that announces the end", badRequestAndClose, quick, 4},
	{"a 400 that announces the end after a rest", badRequestAndClose, slow, 4},
	{"a 400", func(p *peer) { p.say(jsonReply(400, "bad")) }, quick, 2},
	{"a 204", func(p *peer) { p.say(noContent) }, quick, 4},
	{"a 204 after a rest", func(p *peer) { p.say(noContent) }, slow, 4},
	{"a 408 as proxies send it", func(p *peer) {
		p.say("HTTP/1.0 408 Request Time-out\r\nCache-Control: no-cache\r\nConnection: close\r\nContent-Type: text/html\r\n\r\n<html><body>408</body></html>\n")
		p.halfClose()
	}, quick, 2},
	{"a 429 with Retry-After", func(p *peer) { p.say(reply(429, "Retry-After: 60\r\n", "")) }, quick, 2},
	{"half a 204", func(p *peer) { p.say(noContent[:12]) }, quick, 2},
	{"the end of a line", func(p *peer) { p.say("\r\n") }, quick, 2},
	{"an interim answer", func(p *peer) { p.say("HTTP/1.1 100 Continue\r\n\r\n") }, quick, 2},
	{"half a close", (*peer).halfClose, quick, 4},
}

func badRequestAndClose(p *peer) {
	p.say("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	p.halfClose()
}

// An idle connection receives what no request has asked for. That belongs to no message: each is sent once, on another connection.
func TestWhatNobodyAskedForBelongsToNoMessage(t *testing.T) {
	bothDepths(t)
	t.Parallel()
	for i, tt := range unasked {
		for _, f := range forms(i, tt.forms) {
			t.Run(tt.name+", "+f.String(), func(t *testing.T) {
				t.Parallel()
				w := f.start(t, 1, whenIdle(tt.rhythm.idle, func(p *peer) {
					tt.befall(p)
					p.watch(0)
				}), settings{momento: "  timeout: 1s"})
				messages := 5
				if tt.rhythm == slow {
					messages = 3
				}
				w.publishAtIntervals(messages, tt.rhythm.interval)
				w.carried(messages, nil, 5*time.Second)
				w.once(messages)
				w.untouched(messages - 1)
			})
		}
	}
}

// The endpoint ends connections that are idle. With delivery at-most-once, too, nothing is sent on them, so nothing is unclear.
func TestIdleConnectionThatEndsIsNotUsed(t *testing.T) {
	bothDepths(t)
	t.Parallel()
	for _, delivery := range []string{"at-least-once", "at-most-once"} {
		for name, end := range map[string]func(*peer){"closes": func(*peer) {}, "resets": (*peer).reset} {
			for _, f := range pairs {
				t.Run(delivery+", the endpoint "+name+", "+f.String(), func(t *testing.T) {
					t.Parallel()
					w := f.start(t, 1, whenIdle(quick.idle, end), settings{route: ", delivery: " + delivery})
					const messages = 5
					w.publishAtIntervals(messages, quick.interval)
					w.carried(messages, nil, 5*time.Second)
					w.once(messages)
				})
			}
		}
	}
}

// whenIdle is the script of an endpoint that accepts, and does something once with each connection that is idle.
func whenIdle(idle time.Duration, befall func(*peer)) func(*peer) {
	return func(p *peer) {
		for {
			if p.quiet(idle) {
				befall(p)
				return
			}
			r := p.next()
			if r == nil || !p.answer(r, noContent) {
				return
			}
		}
	}
}

// publishAtIntervals publishes one message each interval.
func (w *world) publishAtIntervals(messages int, interval time.Duration) {
	w.t.Helper()
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	for i := range messages {
		w.publish(i, 1)
		<-ticks.C
	}
}
