package chaos

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// loginPage is what a portal or another service answers with a 200.
const loginPage = "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Sign in</title></head>\n" +
	"<body><form action=\"/login\" method=\"post\"></form></body></html>\n"

// notTheMessages are answers to everything that say nothing of the messages: they are about the endpoint, or the way
// to it.
func notTheMessages() map[string]struct{ answer, named string } {
	const isHTML, last = "Content-Type: text/html; charset=utf-8\r\n", "Connection: close\r\n"
	all := map[string]struct{ answer, named string }{
		"a login page":                   {reply(200, isHTML, loginPage), "200"},
		"a login page without a type":    {reply(200, "", loginPage), "200"},
		"a redirection to a login page":  {reply(302, "Location: https://login.example/\r\n"+isHTML, loginPage), "302"},
		"a 400 page of a proxy":          {htmlReply(400, "400 Bad Request"), "400"},
		"a 403 page of a proxy":          {htmlReply(403, "403 Forbidden"), "403"},
		"a 404 page of a wrong host":     {htmlReply(404, "404 Not Found"), "404"},
		"a 413 page of a proxy":          {htmlReply(413, "413 Request Entity Too Large"), "413"},
		"a 400 page that ends the line":  {reply(400, last+isHTML, "<html>400 Bad request</html>"), "400"},
		"a 200 page that ends the line":  {reply(200, last+isHTML, loginPage), "200"},
		"a 200 page until the end":       {"HTTP/1.1 200 OK\r\n" + last + isHTML + "\r\n" + loginPage, "200"},
		"a 200 that says it is an error": {reply(200, isJSON, `{"error":"not_found","message":"no route"}`), "200"},
	}
	statuses := []int{402, 407, 405, 406, 409, 410, 415, 421, 425, 426, 431, 451, 499}
	for _, status := range pick(statuses[:2], statuses, statuses) {
		answer := reply(status, "Content-Type: text/plain\r\n", "no")
		if status%2 == 1 {
			answer = jsonReply(status, "no")
		}
		all[fmt.Sprint("a ", status)] = struct{ answer, named string }{answer, fmt.Sprint(status)}
	}
	return all
}

// Publishing stops, /readyz names what is answered, no message is lost for it, and it goes on once the endpoint is
// well.
func TestWhatConcernsTheEndpointIsHeldAgainstNoMessage(t *testing.T) {
	bothDepths(t)
	t.Parallel()
	all := notTheMessages()
	for i, name := range slices.Sorted(maps.Keys(all)) {
		tt := all[name]
		for _, f := range forms(i, 2) {
			t.Run(name+", "+f.String(), func(t *testing.T) {
				t.Parallel()
				const connections, messages = 4, 300
				w := f.start(t, connections, untilWell(tt.answer), settings{route: ", ordering: none"})
				w.publish(0, messages)
				w.daemon.notReady(tt.named)
				if tt.named == "200" {
					w.daemon.notReady("not Momento's API")
				}
				sent := len(w.e.seen())
				time.Sleep(time.Second)
				if most := 2*connections*f.depth + 20; len(w.e.seen()) > most {
					t.Errorf("%d requests, want at most %d until publishing stops", len(w.e.seen()), most)
				}
				if probes := len(w.e.seen()) - sent; probes > connections*f.depth+5 {
					t.Errorf("%d requests in a second after /readyz has told, want a probe or two", probes)
				}
				if ended := w.daemon.outcomes(); len(ended) > 0 {
					t.Errorf("messages ended as %v, want none", ended)
				}
				w.e.well.Store(true)
				lab.Eventually(t, patience, "the daemon is ready again", w.daemon.Ready)
				w.carried(messages, nil)
			})
		}
	}
}

// untilWell is the script of an endpoint that answers everything in one way until it is well. Connections whose answer
// announces their end are closed.
func untilWell(answer string) func(*peer) {
	return func(p *peer) {
		for r := p.next(); r != nil; r = p.next() {
			if p.s.well.Load() {
				p.accept(r, noContent)
				continue
			}
			if !p.refuse(r, answer) || strings.Contains(answer, "Connection: close") {
				return
			}
		}
	}
}

// notReady waits until /readyz says no, with a word.
func (d *daemon) notReady(word string) {
	d.t.Helper()
	body := ""
	err := lab.Await(d.t.Context(), patience, "/readyz says no", func() bool {
		var status int
		status, body = d.Get("/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, word)
	})
	if err != nil {
		d.t.Errorf("%v with the word %q: %s", err, word, body)
	}
	d.t.Logf("/readyz: %s", strings.TrimSpace(body))
}
