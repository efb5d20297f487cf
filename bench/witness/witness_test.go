package main

import (
	"slices"
	"testing"
	"time"

	"momento-bridge/test/lab"
	"momento-bridge/test/long"
)

// well is a status without a contradiction.
func wellStatus() *status {
	zero, oldest := 0.0, 0.5
	s := &status{State: "publishing", Verdict: "flows", Summary: "Publishing 5 messages/s", Ready: true}
	s.Rates = rates{In: 5, Out: 5}
	s.Queue.Messages, s.Queue.InFlight, s.Queue.Waiting = 2, 1, 7
	s.Routes = []route{{
		Name: "a", State: "running", LimitedBy: "quota", Rates: s.Rates, Received: 10,
		Settled: map[string]int{"published": 6, "rejected": 1}, Queued: 2, InFlight: 1, Waiting: 7,
		Drain: &zero, Oldest: &oldest, Forecast: "keeping up", ForecastKind: "keeping_up",
	}}
	return s
}

func TestAStatusThatContradictsItselfIsFound(t *testing.T) {
	t.Parallel()
	if all := within(wellStatus()); len(all) > 0 {
		t.Fatalf("a status that is well: %v", all)
	}
	long := 60.0
	for name, spoil := range map[string]func(*status){
		"ledger":          func(s *status) { s.Routes[0].Received++ },
		"sum of routes":   func(s *status) { s.Queue.Waiting++ },
		"sum of rates":    func(s *status) { s.Rates.Out++ },
		"ready":           func(s *status) { s.NotReady = []string{"no"} },
		"idle":            func(s *status) { s.State = "idle" },
		"words":           func(s *status) { s.Routes[0].Forecast = "never: too much" },
		"no drain":        func(s *status) { s.Routes[0].Drain = nil },
		"number in words": func(s *status) { s.Routes[0].Forecast = "keeping up: 1 234 waiting" },
		"old message":     func(s *status) { s.Routes[0].Oldest = &long },
		"less than held":  func(s *status) { s.Routes[0].Waiting, s.Queue.Waiting = 2, 2 },
		"no reason":       func(s *status) { s.Routes[0].State = "parked" },
		"loss":            func(s *status) { s.Routes[0].Lost = 1 },
		"verdict":         func(s *status) { s.Verdict = "stands_still" },
		"summary":         func(s *status) { s.Summary = "Publishing 5 messages/s: 8 wait, gone in 3s." },
	} {
		s := wellStatus()
		spoil(s)
		if all := within(s); len(all) == 0 {
			t.Errorf("%s: nothing was found", name)
		}
	}
}

func TestAPageThatShowsSomethingElseIsFound(t *testing.T) {
	t.Parallel()
	e := func() *event {
		return &event{Status: *wellStatus(), Page: view{
			Texts: map[string]string{
				"state": "publishing", "summary": "Publishing 5 messages/s", "forecast": "keeping up",
				"queue.waiting": "7",
			},
			Lists: map[string][]pageItem{"routes": {{Texts: map[string]string{
				"state": "running", "forecast": "keeping up", "received": "10", "settled.published": "6",
			}}}},
		}}
	}
	if all := shown(e()); len(all) > 0 {
		t.Fatalf("a page that is well: %v", all)
	}
	for _, name := range []string{"state", "summary", "forecast", "queue.waiting"} {
		spoilt := e()
		spoilt.Page.Texts[name] = "8"
		if len(shown(spoilt)) == 0 {
			t.Errorf("another %s was not found", name)
		}
	}
	for _, name := range []string{"state", "forecast", "received", "settled.published"} {
		spoilt := e()
		spoilt.Page.Lists["routes"][0].Texts[name] = "8"
		if len(shown(spoilt)) == 0 {
			t.Errorf("another %s of a route was not found", name)
		}
	}
}

func TestAPageIsReadAsABrowserShowsIt(t *testing.T) {
	t.Parallel()
	page := readPage(`<h1><span data-v="state">idle</span></h1><tr role="row"><th>x</th></tr>` +
		`<tr data-row><th><span data-v="name">a&amp;b</span></th><td data-v="waiting" data-zero>1 234</td></tr>` +
		`<tr data-row><th><span data-v="name"></span></th><td data-v="waiting">0</td></tr>` +
		`<tr data-row><th><span data-v="name">a&amp;b</span></th><td data-v="received">5</td></tr>` +
		`<dd><span data-v="nats">n</span></dd>`)
	row := page["a&b"]
	if page[""]["state"] != "idle" || page[""]["nats"] != "n" || number(row["waiting"]) != 1234 ||
		row["received"] != "5" {
		t.Errorf("%v", page)
	}
}

func TestThatAMessageWaitsIsKnownUntilItEnds(t *testing.T) {
	t.Parallel()
	truth := newTruth(allRoutes)
	for id := range 3 {
		truth.publish("loose", id)
	}
	truth.stored("loose", 0)
	truth.stored("loose", 1)
	truth.end("loose", 1)
	truth.end("loose", 1)
	truth.refuse("loose", 2, false)
	truth.refuse("loose", 2, false)
	truth.look(func(string) int { return 7 })
	points := truth.window("loose", time.Time{})
	p := points[len(points)-1]
	p.at, p.oldest, p.sure = time.Time{}, 0, 0
	if want := (point{least: 1, most: 1, sent: 3, ended: 2, refusedQuota: 7}); p != want {
		t.Errorf("%+v, want %+v", p, want)
	}
	if lost, dead := truth.losses("loose"); lost != 1 || dead != 0 {
		t.Errorf("%d lost, %d kept", lost, dead)
	}
}

// What needs no time must hold at any: the ledger, one snapshot, what counts up.
func TestTheDaemonContradictsNothingThatNeedsNoTime(t *testing.T) {
	long.Only(t)
	l, err := lab.New(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Stop()
	o := options{seed: 1, lasts: 20 * time.Second, only: []string{"e500", "key", "lose"}}
	w, err := newWorld(t.Context(), l, &o)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	if err := w.witness(t.Context()); err != nil {
		t.Fatal(err)
	}
	timeless := []string{"ledger", "sums", "monotone", "event"}
	for _, f := range w.report.all {
		if slices.Contains(timeless, f.Kind) {
			t.Errorf("%+v", *f)
		}
	}
}
