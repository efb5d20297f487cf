package chaos

import (
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// How long a connection is idle before something befalls it.
const (
	shortIdle = 100 * time.Millisecond
	longIdle  = 1100 * time.Millisecond // Longer than a daemon may take it for open without looking.
)

// unasked is what befalls a connection while it is idle.
var unasked = []struct {
	name   string
	befall func(*peer)
	idle   time.Duration
	forms  int
}{
	{"a 400 that announces the end", badRequestAndClose, shortIdle, 4},
	{"a 400 that announces the end after a rest", badRequestAndClose, longIdle, 4},
	{"a 400", func(p *peer) { p.say(jsonReply(400, "bad")) }, shortIdle, 2},
	{"a 204", func(p *peer) { p.say(noContent) }, shortIdle, 4},
	{"a 204 after a rest", func(p *peer) { p.say(noContent) }, longIdle, 4},
	{"a 408 as proxies send it", func(p *peer) {
		p.say("HTTP/1.0 408 Request Time-out\r\nCache-Control: no-cache\r\nConnection: close\r\n" +
			"Content-Type: text/html\r\n\r\n<html><body>408</body></html>\n")
		p.halfClose()
	}, shortIdle, 2},
	{"a 429 with Retry-After", func(p *peer) { p.say(reply(429, "Retry-After: 60\r\n", "")) }, shortIdle, 2},
	{"half a 204", func(p *peer) { p.say(noContent[:12]) }, shortIdle, 2},
	{"the end of a line", func(p *peer) { p.say("\r\n") }, shortIdle, 2},
	{"an interim answer", func(p *peer) { p.say("HTTP/1.1 100 Continue\r\n\r\n") }, shortIdle, 2},
	{"half a close", (*peer).halfClose, shortIdle, 4},
}

func badRequestAndClose(p *peer) {
	p.say("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	p.halfClose()
}

// An idle connection receives what no request has asked for. That belongs to no message: each is sent once, on another
// connection.
func TestWhatNobodyAskedForBelongsToNoMessage(t *testing.T) {
	bothDepths(t)
	t.Parallel()
	for i, tt := range unasked {
		for _, f := range forms(i, tt.forms) {
			t.Run(tt.name+", "+f.String(), func(t *testing.T) {
				t.Parallel()
				w := f.start(t, 1, whenIdle(tt.idle, func(p *peer) {
					tt.befall(p)
					p.watch(0)
				}), settings{momento: "  timeout: 5s"})
				messages := pick(3, 5, 5)
				if tt.idle == longIdle {
					messages = 3
				}
				w.publishWhenBefallen(messages)
				w.carried(messages, nil)
				w.once(messages)
				w.untouched(messages - 1)
			})
		}
	}
}

// The endpoint ends connections that are idle. With delivery at-most-once, too, nothing is sent on them, so nothing is
// unclear.
func TestIdleConnectionThatEndsIsNotUsed(t *testing.T) {
	bothDepths(t)
	t.Parallel()
	for _, delivery := range []string{"at-least-once", "at-most-once"} {
		for name, end := range map[string]func(*peer){"closes": (*peer).close, "resets": (*peer).reset} {
			for _, f := range forms(len(name)+len(delivery), 4) {
				t.Run(delivery+", the endpoint "+name+", "+f.String(), func(t *testing.T) {
					t.Parallel()
					w := f.start(t, 1, whenIdle(shortIdle, end), settings{route: ", delivery: " + delivery})
					messages := pick(3, 5, 5)
					w.publishWhenBefallen(messages)
					w.carried(messages, nil)
					w.once(messages)
				})
			}
		}
	}
}

// whenIdle is the script of an endpoint that accepts, and does something once with each connection that is idle after
// its first request.
func whenIdle(idle time.Duration, befall func(*peer)) func(*peer) {
	return func(p *peer) {
		for {
			r := p.next()
			if r == nil || !p.accept(r, noContent) {
				return
			}
			if p.quiet(idle) {
				befall(p)
				return
			}
		}
	}
}

// publishWhenBefallen publishes messages, each well after something has befallen every connection there is.
func (w *world) publishWhenBefallen(messages int) {
	w.t.Helper()
	for i := range messages {
		w.publish(i, 1)
		befallen := func() bool { return w.e.allBefallen(i + 1) }
		_ = lab.Await(w.t.Context(), patience, "something befalls every connection", befallen)
		w.daemon.catchUp()
	}
}

// allBefallen reports whether so many messages have been accepted and something has befallen every connection since.
func (s *scripted) allBefallen(messages int) bool {
	_, accepted := s.byPayload()
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(accepted) >= messages && s.injected.count >= s.peers
}
