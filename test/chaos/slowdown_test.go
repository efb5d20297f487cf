package chaos

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// An endpoint that says that it is overloaded is not down: publishing slows down as for a 429, and nothing is parked.
func TestOverloadedEndpointIsNotDown(t *testing.T) {
	bothDepths(t)
	t.Parallel()
	for i, tt := range []struct{ name, answer string }{
		{"a 503 for the rate", jsonReply(503, "Request rate exceeded.")},
		{"a 503 with Retry-After", reply(503, "Retry-After: 1\r\n", "busy")},
		{"a 500 with Retry-After", reply(500, isJSON+"Retry-After: 1\r\n", "{}")},
		{"a page with 503 and Retry-After", reply(503, "Retry-After: 1\r\nContent-Type: text/html\r\n", "<html>Busy")},
		{"a 429", jsonReply(429, "Too many requests")},
	} {
		for _, f := range forms(i, 2) {
			t.Run(tt.name+", "+f.String(), func(t *testing.T) {
				t.Parallel()
				const messages = 100
				w := f.start(t, 4, untilWell(tt.answer), settings{route: ", ordering: none"})
				w.publish(0, messages)
				for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
					if status, body := w.daemon.Get("/readyz"); status != http.StatusOK {
						t.Errorf("/readyz: %d %s", status, body)
						break
					}
				}
				if w.daemon.Metric("momento_bridge_throttled", "") != 1 {
					t.Error("the endpoint is not taken for refusing")
				}
				if parked := w.daemon.Metric("momento_bridge_route_state", `state="parked"`); parked != 0 {
					t.Error("the route is parked")
				}
				if n, most := len(w.e.seen()), messages+32*f.depth; n > most {
					t.Errorf("%d requests while the endpoint refuses, want at most %d", n, most)
				}
				if strings.Contains(w.daemon.Output(), "the endpoint is down") {
					t.Error("the endpoint was taken for down")
				}
				w.e.well.Store(true)
				w.carried(messages, nil)
			})
		}
	}
}

// What an endpoint asks for is waited for, whatever its clock says: a date is meant relative to the answer's own.
func TestRetryAfterIsRelativeToTheAnswersDate(t *testing.T) {
	bothDepths(t)
	t.Parallel()
	for i, offset := range []time.Duration{2 * time.Hour, -2 * time.Hour, 0} {
		for _, f := range forms(i, 2) {
			t.Run(fmt.Sprintf("a clock %v ahead, %v", offset, f), func(t *testing.T) {
				t.Parallel()
				const wait = 2 * time.Second
				w := f.start(t, 1, func(p *peer) {
					for r := p.next(); r != nil; r = p.next() {
						if len(p.s.seen()) > 1 {
							p.accept(r, noContent)
							continue
						}
						now := time.Now().Add(offset).UTC()
						date, until := now.Format(http.TimeFormat), now.Add(wait).Format(http.TimeFormat)
						p.refuse(r, reply(429, "Date: "+date+"\r\nRetry-After: "+until+"\r\n", ""))
					}
				}, settings{})
				w.publish(0, 1)
				w.carried(1, nil)
				all := w.e.seen()
				if len(all) != 2 {
					t.Fatalf("%d requests, want two", len(all))
				}
				waited := all[1].at.Sub(all[0].at)
				t.Logf("tried again after %v", waited)
				timely(t, waited <= 3*wait, "tried again after %v, the endpoint asked for %v", waited, wait)
				if waited < wait-time.Second {
					t.Errorf("tried again after %v, the endpoint asked for %v", waited, wait)
				}
			})
		}
	}
}

// Three refusals that each ask for a second are waited for, each of them, and are no outage.
func TestRetryAfterOfA503IsWaitedFor(t *testing.T) {
	bothDepths(t)
	t.Parallel()
	for _, f := range forms(0, 4) {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			w := f.start(t, 1, func(p *peer) {
				for r := p.next(); r != nil; r = p.next() {
					if len(p.s.seen()) > 3 {
						p.accept(r, noContent)
						continue
					}
					p.refuse(r, reply(503, "Retry-After: 1\r\n", ""))
				}
			}, settings{})
			w.publish(0, 1)
			w.carried(1, nil)
			all := w.e.seen()
			for i := 1; i < len(all); i++ {
				if waited := all[i].at.Sub(all[i-1].at); waited < 950*time.Millisecond {
					t.Errorf("attempt %d came %v after the one before, the endpoint asked for a second", i+1, waited)
				}
			}
			if strings.Contains(w.daemon.Output(), "the endpoint is down") {
				t.Error("the endpoint was taken for down")
			}
		})
	}
}
