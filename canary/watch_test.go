package canary

import (
	"strings"
	"testing"
	"time"
)

// world is a canary with everything in order: each message is taken, accepted and heard, unless a test says otherwise.
type world struct {
	t   *testing.T
	w   *Watch
	now time.Time
	b   Bridge

	away, silent               bool // NATS is.
	taken, accepted, delivered bool // Of each further message.
	delay                      time.Duration
	coming                     []delivery
	every                      time.Duration
	next                       time.Time
	last                       Payload
}

type delivery struct {
	at   time.Time
	data []byte
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, w: NewWatch("me"), now: begin, taken: true, accepted: true, delivered: true, every: 30 * time.Second,
		next: begin.Add(3 * time.Second),
	}
	w.w.Polling(w.now)
	return w
}

// run lets time pass, as a daemon does. It returns the graver states that were seen, each once.
func (w *world) run(d time.Duration) string {
	w.t.Helper()
	var states []string
	for end := w.now.Add(d); w.now.Before(end); w.now = w.now.Add(250 * time.Millisecond) {
		w.step()
		v := w.w.View(w.now, w.b)
		if v.State != OK && (len(states) == 0 || states[len(states)-1] != string(v.State)) {
			states = append(states, string(v.State))
		}
		c := w.w.Counts()
		if c.Sent != c.Seen+c.Lost-c.Found+c.Withdrawn+c.UnderWay {
			w.t.Fatalf("the accounts do not agree: %+v", c)
		}
	}
	return strings.Join(states, " ")
}

func (w *world) step() {
	left := w.coming[:0]
	for _, d := range w.coming {
		if d.at.After(w.now) {
			left = append(left, d)
			continue
		}
		w.w.Received(w.now, d.data)
		w.w.Polling(w.now)
	}
	w.coming = left
	if overdue := w.w.Overdue(w.now); len(overdue) > 0 || w.w.Silent() {
		w.w.NATSAnswers(!w.silent)
	}
	for _, n := range w.w.Overdue(w.now) {
		w.w.Lose(n, "NATS did not bring it back")
	}
	w.w.Tick(w.now)
	if w.away {
		w.w.NATSAway()
		w.w.Halt("not connected to NATS")
		return
	}
	w.w.Halt("")
	if w.now.Before(w.next) || !w.w.Clear() {
		return
	}
	w.next = w.now.Add(w.every)
	w.last = w.w.Send(w.now)
	if w.taken {
		w.w.Taken(w.now, w.last.Number)
	}
	if w.taken && w.accepted {
		w.accept()
	}
}

// accept lets the endpoint accept the last message.
func (w *world) accept() {
	w.w.Accepted(w.now, w.last.Number)
	if w.delivered {
		w.coming = append(w.coming, delivery{w.now.Add(w.delay), w.last.Bytes()})
	}
}

func (w *world) state(want State, reason string) {
	w.t.Helper()
	if v := w.w.View(w.now, w.b); v.State != want || !strings.Contains(v.Reason, reason) {
		w.t.Errorf("it is %s (%s), want %s (%s)", v.State, v.Reason, want, reason)
	}
}

// healthy is a world in which a message has come back.
func healthy(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.run(time.Minute)
	w.state(OK, "")
	return w
}

func TestWhatGetsThroughIsOK(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.state(Waiting, "no message has come back yet")
	w.run(time.Hour)
	w.state(OK, "")
	if c := w.w.Counts(); c.Lost+c.Late+c.Duplicates+c.Reordered+c.Foreign != 0 || c.Seen < 119 {
		t.Errorf("counted %+v", c)
	}
}

func TestALossIsToldTenSecondsAfterItsMessageWasAccepted(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.delivered = false
	if told := w.run(40 * time.Second); told != "late losing" {
		t.Errorf("told %q", told)
	}
	w.state(Losing, "the endpoint accepted it and the subscriber, which listened, did not get it")
	if c := w.w.Counts(); c.Lost != 1 {
		t.Errorf("counted %+v", c)
	}
	w.delivered = true
	w.run(time.Minute)
	w.state(OK, "")
}

// Why the bridge holds others back says nothing of what the endpoint has accepted.
func TestALossIsToldWithoutABreakWhileTheQuotaIsUsedUp(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.every, w.delivered, w.b.Slow = 5*time.Second, false, "the quota is used up"
	if told := w.run(2 * time.Minute); told != "late losing" {
		t.Errorf("told %q", told)
	}
}

func TestADelayIsLateAndNotLost(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.delay = 5 * time.Second
	w.run(40 * time.Second)
	w.state(Late, "after the endpoint had accepted it")
	if c := w.w.Counts(); c.Lost != 0 || c.Late == 0 {
		t.Errorf("counted %+v", c)
	}
}

func TestWhatComesAfterItWasLostIsFound(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.delay = 15 * time.Second
	if told := w.run(40 * time.Second); told != "late losing late" {
		t.Errorf("told %q", told)
	}
	if c := w.w.Counts(); c.Lost != 1 || c.Found != 1 {
		t.Errorf("counted %+v", c)
	}
}

func TestASubscriberThatCannotListenIsDeafAndNothingIsLost(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.delivered = false
	w.w.PollFailed(w.now, "the API key may not subscribe")
	for range 30 {
		w.run(2 * time.Second)
		w.w.Polling(w.now)
		w.w.PollFailed(w.now, "the API key may not subscribe")
	}
	w.state(Deaf, "publishes are accepted but the subscriber cannot listen: the API key may not subscribe")
	w.delivered = true
	w.w.Polling(w.now)
	w.run(time.Minute)
	w.state(OK, "")
	// What was accepted meanwhile and comes no more is lost: the subscriber goes on where it was.
	if c := w.w.Counts(); c.Lost > 3 {
		t.Errorf("counted %+v", c)
	}
}

func TestAQuotaThatIsUsedUpExcusesNoSubscriber(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.b.Slow, w.delivered = "the quota is used up", false
	w.w.PollFailed(w.now, "403")
	if told := w.run(10 * time.Minute); told != "deaf" {
		t.Errorf("told %q", told)
	}
}

func TestNobodyIsToBlameForWhatASubscriberMissesThatHadNoPlaceYet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.w.PollFailed(w.now, "5xx")
	w.delivered = false
	w.run(8 * time.Second)
	w.w.Polling(w.now)
	if told := w.run(20 * time.Second); strings.Contains(told, "losing") {
		t.Errorf("told %q", told)
	}
	if c := w.w.Counts(); c.Lost != 0 || c.Withdrawn != 1 {
		t.Errorf("counted %+v", c)
	}
}

func TestWhatTheBridgeHoldsIsNeitherLateNorLost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		bridge Bridge
		state  State
		reason string
	}{
		{"what it says itself", Bridge{Known: "the endpoint is down"}, Waiting, "the endpoint is down"},
		{"its quota", Bridge{Slow: "slowed down", Holds: "quota"}, Waiting, "slowed down"},
		{"another try for long", Bridge{Holds: "the endpoint fails it"}, Refused, "the endpoint fails it"},
		{"a refusal of the canary alone", Bridge{Refuses: "not permitted"}, Refused, "not permitted"},
		{"no reason", Bridge{}, Late, "the bridge has held a message for"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := healthy(t)
			w.accepted, w.b = false, c.bridge
			w.run(time.Minute)
			w.state(c.state, c.reason)
			w.b = Bridge{}
			w.accepted = true
			w.accept()
			w.run(time.Minute)
			w.state(OK, "")
			if c := w.w.Counts(); c.Lost != 0 {
				t.Errorf("counted %+v", c)
			}
		})
	}
}

// An outage leaves what the bridge holds with a delay of its own, and the subscriber, too.
func TestAfterAnOutageThatTheBridgeTellsOfTheCanaryStartsAfresh(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.accepted, w.b.Known = false, "the endpoint is down"
	w.w.PollFailed(w.now, "connection refused")
	if told := w.run(10 * time.Minute); told != "waiting" {
		t.Errorf("told %q", told)
	}
	w.b = Bridge{Holds: "the endpoint fails it, and it is tried again"}
	if told := w.run(5 * time.Second); told != "waiting" {
		t.Errorf("after it told %q", told)
	}
	w.w.Polling(w.now)
	if told := w.run(25 * time.Second); told != "waiting refused" {
		t.Errorf("of what goes on after it told %q", told)
	}
}

func TestWhatTheBridgeTellsBetweenAttemptsIsNoRefusal(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.accepted = false
	for range 100 {
		w.b = Bridge{Slow: "the endpoint refuses for quota (429)"}
		first := w.run(time.Second)
		w.b = Bridge{Holds: "the endpoint has not answered yet"}
		if told := first + w.run(time.Second); strings.ReplaceAll(told, "waiting", "") != "" {
			t.Fatalf("told %q", told)
		}
	}
	w.state(Waiting, "429")
}

func TestARefusalIsTold(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.accepted = false
	w.run(31 * time.Second)
	w.w.Refused(w.last.Number, "400: bad request")
	w.state(Refused, "400: bad request")
	if w.b.Known = "the endpoint rejects everything"; w.w.View(w.now, w.b).State != Waiting {
		t.Error("it cries although the bridge says it itself")
	}
}

func TestWithoutNATSNothingIsSentAndNothingLost(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.taken = false
	w.run(8 * time.Second)
	w.away = true
	w.run(5 * time.Minute)
	w.state(Waiting, "not connected to NATS")
	w.away, w.taken = false, true
	w.run(time.Minute)
	w.state(OK, "")
	if c := w.w.Counts(); c.Lost != 0 || c.Withdrawn > 1 {
		t.Errorf("counted %+v", c)
	}
}

// A client takes a long time to notice that NATS stands still, and says nothing until then.
func TestWhileNATSDoesNotAnswerNothingIsSentAndNothingLost(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.taken, w.silent = false, true
	if told := w.run(10 * time.Minute); told != "waiting" {
		t.Errorf("told %q", told)
	}
	w.state(Waiting, "NATS does not answer")
	w.taken, w.silent = true, false
	w.run(time.Minute)
	w.state(OK, "")
	if c := w.w.Counts(); c.Lost != 0 || c.Withdrawn != 1 {
		t.Errorf("counted %+v", c)
	}
}

func TestWhatNATSDoesNotBringIsLost(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.taken = false
	w.run(41 * time.Second)
	w.state(Losing, "NATS did not bring it back")
}

func TestOthersMessagesAndOldOnesChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	foreign := Payload{Replica: "you", Number: 1, Sent: w.now}
	w.w.Received(w.now, foreign.Bytes())
	w.w.Received(w.now, []byte("hello"))
	w.run(time.Minute)
	w.w.Renewed() // The topic hands its latest message over again.
	w.w.Received(w.now, w.last.Bytes())
	w.state(OK, "")
	if c := w.w.Counts(); c.Foreign != 2 || c.Duplicates != 0 {
		t.Errorf("counted %+v", c)
	}
	w.w.Received(w.now, w.last.Bytes())
	if c := w.w.Counts(); c.Duplicates != 1 {
		t.Errorf("counted %+v", c)
	}
}

func TestASubscriberThatSeemsToMissOneBeginsAnew(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	p := w.w.Send(w.now)
	w.w.Taken(w.now, p.Number)
	w.w.Accepted(w.now, p.Number)
	for second := time.Second; second < 8*time.Second; second += time.Second {
		_, renew := w.w.Tick(w.now.Add(second))
		if renew != (second == 5*time.Second) {
			t.Errorf("after %v it begins anew: %t", second, renew)
		}
	}
}

func TestWhatATopicHasKeptIsNotCountedAgainByASubscriberThatBeginsAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var kept []Payload
	for range 4 {
		w.run(30 * time.Second)
		kept = append(kept, w.last)
	}
	w.w.Renewed()
	for _, p := range kept {
		w.w.Received(w.now, p.Bytes())
	}
	if c := w.w.Counts(); c.Duplicates != 0 || c.Seen != 4 {
		t.Errorf("counted %+v", c)
	}
	w.run(time.Minute)
	w.w.Received(w.now, kept[3].Bytes())
	if c := w.w.Counts(); c.Duplicates != 1 {
		t.Errorf("once it is where it was: counted %+v", c)
	}
}

func TestWhatIsSkippedAfterASubscriberCouldNotListenIsNobodysLoss(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.delivered, w.every = false, 4*time.Second
	w.run(30 * time.Second)
	w.delivered = true
	w.w.PollFailed(w.now, "connection refused")
	w.delivered = false
	w.run(9 * time.Second)
	lost := w.w.Counts().Lost
	w.delivered = true
	w.w.Polling(w.now)
	w.w.Skipped() // The endpoint begins another page, of which it has the latest message.
	w.w.Received(w.now, w.last.Bytes())
	w.state(OK, "")
	if told := w.run(30 * time.Second); told != "" {
		t.Errorf("told %q", told)
	}
	if c := w.w.Counts(); c.Lost != lost || c.Late != 0 || c.Withdrawn == 0 {
		t.Errorf("counted %+v, lost %d before", c, lost)
	}
	w.delivered = false
	w.run(5 * time.Second)
	w.w.Skipped() // Who listened should have got it.
	if w.run(15 * time.Second); w.w.Counts().Lost == lost {
		t.Error("what is skipped while the subscriber listens is no loss")
	}
}

func TestWhatComesAfterItWasWithdrawnIsNotLate(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.delivered = false
	w.w.Renewed()
	w.w.PollFailed(w.now, "the API key may not subscribe")
	w.run(40 * time.Second)
	w.now = w.now.Add(10 * time.Second)
	w.w.Received(w.now, w.last.Bytes()) // A topic begins with the latest.
	w.state(OK, "")
	if c := w.w.Counts(); c.Late != 0 || c.Lost != 0 {
		t.Errorf("counted %+v", c)
	}
}

func TestAStopForgetsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.w.Send(w.now)
	w.w.Stop()
	w.w.Tick(w.now.Add(time.Hour))
	if c := w.w.Counts(); c.Lost != 0 || c.UnderWay != 0 {
		t.Errorf("counted %+v", c)
	}
}
