package canary

import (
	"cmp"
	"fmt"
	"time"
)

// State is how a canary is, in one word.
type State string

// The states, the gravest first.
const (
	// Losing says that the latest message that could be judged was lost.
	Losing State = "losing"
	// Refused says that the endpoint, which publishes others or is not known not to, refuses the canary's messages.
	Refused State = "refused"
	// Deaf says that the subscriber cannot listen. That says nothing of the bridge.
	Deaf State = "deaf"
	// Late says that messages get through, and take long behind the endpoint's acceptance, or in the bridge.
	Late State = "late"
	// Waiting says that nothing can be told at present, for a reason that is told elsewhere, or not yet.
	Waiting State = "waiting"
	// OK says that messages get through.
	OK State = "ok"
)

// States lists every state.
var States = [...]State{Losing, Refused, Deaf, Late, Waiting, OK}

// Bridge is what the bridge says of itself and of the messages of the canary that it holds.
type Bridge struct {
	Known   string // Why it publishes nothing, as it says itself; empty: it does not. It may explain deafness, too.
	Slow    string // Why it publishes little, as it says itself; empty: it does not.
	Refuses string // Why the endpoint lets no message of the canary pass; empty: it does, as far as is known.
	Holds   string // Why it holds one; empty: for no reason that it knows.
}

// View is how a canary is, and why; Reason is empty with OK, but where the latest message took long for a reason.
type View struct {
	State  State
	Reason string
}

// View says how it is. Where the bridge itself says why nothing gets through, the canary waits, and does not count that
// time afterwards: View is to be asked once a second or more often.
func (w *Watch) View(now time.Time, b Bridge) View {
	w.wake(now)
	known := w.known.hear(now, b.Known)
	slow := cmp.Or(known, w.slow.hear(now, b.Slow))
	fails := !w.listener.failing.IsZero() && now.Sub(w.listener.failing) >= deafAfter
	switch {
	case w.halted != "":
		return View{Waiting, w.halted}
	case w.silent:
		return View{Waiting, "NATS does not answer"}
	case known != "" && fails:
		return View{Waiting, known}
	case slow != "" && (w.waits(now) > lateAfter || w.refused > w.seen):
		return View{Waiting, slow}
	case w.gone > w.seen:
		return View{Losing, w.loss}
	case w.refused > w.seen:
		return View{Refused, w.refusal}
	case b.Refuses != "" && w.held(now) > lateAfter:
		return View{Refused, b.Refuses}
	case fails && w.known.since(now, w.listener.failing) >= deafAfter:
		return View{Deaf, w.deafness()}
	}
	return w.pace(now, b)
}

// pace says how fast messages get through, where they do.
func (w *Watch) pace(now time.Time, b Bridge) View {
	if held := w.held(now); held > lateAfter {
		alone := min(w.known.since(now, now.Add(-held)), w.slow.since(now, now.Add(-held)))
		switch {
		case b.Holds != "" && alone < stubbornAfter:
			return View{Waiting, fmt.Sprintf("the bridge has held a message for %s: %s", round(held), b.Holds)}
		case b.Holds != "":
			return View{Refused, fmt.Sprintf("the bridge has held a message for %s: %s", round(held), b.Holds)}
		case alone > lostAfter:
			return View{Late, fmt.Sprintf("the bridge has held a message for %s", round(held))}
		}
	}
	for _, j := range w.journeys {
		if waited := now.Sub(j.since); j.stage == accepted && w.listener.failing.IsZero() && waited > lateAfter {
			return View{Late, fmt.Sprintf("the endpoint accepted a message %s ago and the subscriber has not got it",
				round(waited))}
		}
	}
	switch {
	case w.delivery > lateAfter:
		return View{Late, fmt.Sprintf("the latest message came %s after the endpoint had accepted it",
			round(w.delivery))}
	case w.seenAt.IsZero():
		return View{Waiting, "no message has come back yet"}
	case w.took-w.delivery > lostAfter:
		return View{OK, fmt.Sprintf("the latest message took %s to be accepted", round(w.took-w.delivery))}
	}
	return View{State: OK}
}

// deafness says why the subscriber cannot listen, and what is known of publishes.
func (w *Watch) deafness() string {
	published := "whether publishes are accepted is not known"
	if w.acceptedAt.After(w.listener.failing) {
		published = "publishes are accepted"
	}
	return published + " but the subscriber cannot listen: " + w.listener.why
}

// held is for how long the bridge has had the oldest message that it has.
func (w *Watch) held(now time.Time) time.Duration {
	for _, j := range w.journeys {
		if j.stage == inBridge {
			return now.Sub(j.since)
		}
	}
	return 0
}

// excuse is what the bridge has said last of why nothing gets through, and when.
type excuse struct {
	text string
	at   time.Time
}

// hear takes what is said now. It returns what holds: what was said just before holds between the attempts, too.
func (e *excuse) hear(now time.Time, text string) string {
	if text != "" {
		*e = excuse{text, now}
	}
	if now.Sub(e.at) < lateAfter {
		return e.text
	}
	return ""
}

// since is for how long something has been so without that excuse.
func (e *excuse) since(now, began time.Time) time.Duration { return min(now.Sub(began), now.Sub(e.at)) }

// waits is for how long the oldest message has been under way that the endpoint has not accepted.
func (w *Watch) waits(now time.Time) time.Duration {
	for _, j := range w.journeys {
		if j.stage != accepted {
			return now.Sub(j.sent)
		}
	}
	return 0
}

// LastSeen is when a message has last come, and how long it took; false: none has.
func (w *Watch) LastSeen() (at time.Time, took time.Duration, ok bool) {
	return w.seenAt, w.took, !w.seenAt.IsZero()
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }
