package chaos

import (
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// handful is how many refusals of messages of one route are believed while nothing is accepted.
const handful = 5

// ownFault are answers that can be a message's own fault.
var ownFault = []struct{ name, answer, named string }{
	{"400", jsonReply(400, "Invalid argument: the message is not as it should be"), "400"},
	{"400 without a body", reply(400, "", ""), "400"},
	{"413", jsonReply(413, "The message is too large"), "413"},
	{"429 that names a size", jsonReply(429, "Request size limit exceeded"), "429"},
}

// An endpoint refuses everything as only single messages should be. A handful of messages is believed to be at fault,
// then the route is parked and probed, and goes on once the endpoint is well. So nothing that stands in the way can
// empty a stream.
func TestEndpointThatRefusesEverythingEmptiesNoStream(t *testing.T) {
	bothDepths(t)
	t.Parallel()
	for i, tt := range ownFault {
		for _, before := range pick([]int{i % 2 * 100}, []int{0, 100}, []int{0, 100}) {
			for _, f := range forms(i+before, 1) {
				name := tt.name + ", "
				if before > 0 {
					name += "after it has accepted, "
				}
				t.Run(name+f.String(), func(t *testing.T) {
					t.Parallel()
					messages := pick(500, 2000, 2000)
					w := f.start(t, 4, untilWell(tt.answer), settings{route: ", ordering: none"})
					if before > 0 {
						w.e.well.Store(true)
						w.publish(0, before)
						w.published(before)
						w.e.well.Store(false)
					}
					w.publish(before, messages-before)
					w.daemon.notReady(tt.named)
					w.believed(before, handful)
					w.e.well.Store(true)
					lab.Eventually(t, patience, "the daemon is ready again", w.daemon.Ready)
					w.lost(w.end(messages), handful)
				})
			}
		}
	}
}

// The same with dead letters, and with two routes: each loses a handful at the most.
func TestEachRouteBelievesAHandfulOfRefusals(t *testing.T) {
	bothDepths(t)
	t.Parallel()
	all := []form{{secure: true, depth: 8}, {depth: 1}}
	for _, f := range pick(all[:1], all, all) {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			each := pick(300, 1000, 1000)
			w := f.prepare(t, untilWell(ownFault[0].answer))
			w.nats.stream("OTHER", "other.>")
			dead := w.nats.stream("DEAD", "dead.>")
			w.run(4, settings{routes: `
  - {name: s, stream: S, subject: "s.>", cache: c, ordering: none, dead_letter: {subject: dead.s}}
  - {name: other, stream: OTHER, subject: "other.>", cache: c, ordering: none}`})
			w.publish(0, each)
			w.nats.publishOn("other", each, each)
			w.daemon.notReady("400")
			w.believed(0, 2*handful)
			w.e.well.Store(true)
			lab.Eventually(t, patience, "the daemon is ready again", w.daemon.Ready)
			ended := w.end(2 * each)
			w.lost(ended, 2*handful)
			if ended["dead_lettered"] > handful || ended["rejected"] > handful {
				t.Errorf("messages ended as %v, want at most %d lost of each route", ended, handful)
			}
			if n := letters(t, dead)["bad_request"]; n != ended["dead_lettered"] {
				t.Errorf("%d dead letters, %d counted", n, ended["dead_lettered"])
			}
		})
	}
}

// believed gives the daemon a second to lose more than so many messages, or to publish one.
func (w *world) believed(published, most int) {
	w.t.Helper()
	time.Sleep(time.Second)
	ended := w.daemon.outcomes()
	if ended["published"] != published {
		w.t.Errorf("%d published, want %d", ended["published"], published)
	}
	w.lost(ended, most)
}

// lost checks that no more than so many messages have ended other than published.
func (w *world) lost(ended map[string]int, most int) {
	w.t.Helper()
	sum := -ended["published"]
	for _, n := range ended {
		sum += n
	}
	if sum > most {
		w.t.Errorf("messages ended as %v, want at most %d lost", ended, most)
	}
}
