package canary

import (
	"strings"
	"testing"
	"time"
)

// A process that is stopped (SIGSTOP, a frozen container, a machine that is moved) sees the time go on at once.
func TestWhileTheProcessDoesNotRunNothingIsLateLostOrRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		plant func(w *world)
		b     Bridge
	}{
		{"a message is on its way to the bridge", func(w *world) { w.taken = false }, Bridge{}},
		{
			"the bridge has one", func(w *world) { w.accepted = false },
			Bridge{Holds: "the endpoint has not answered yet"},
		},
		{
			"the endpoint has refused one for a moment", func(w *world) { w.accepted = false },
			Bridge{Refuses: "the key may not"},
		},
		{"the endpoint has accepted one", func(w *world) { w.delay = time.Second }, Bridge{}},
		{"a poll has failed", func(w *world) { w.w.PollFailed(w.now, "reset") }, Bridge{}},
	} {
		for first, look := range map[string]func(w *world){
			"it looks": func(w *world) { w.run(250 * time.Millisecond) },
			"what has come is heard": func(w *world) {
				for _, d := range w.coming {
					w.w.Received(w.now, d.data)
				}
				w.coming = nil
			},
		} {
			t.Run(c.name+", and first "+first, func(t *testing.T) {
				t.Parallel()
				w := healthy(t)
				c.plant(w)
				for w.w.Counts().UnderWay == 0 && w.w.listener.failing.IsZero() {
					w.run(250 * time.Millisecond)
				}
				w.b = c.b
				w.now = w.now.Add(40 * time.Second)
				w.next = w.now.Add(w.every)
				look(w)
				if told := w.run(time.Second); strings.Trim(told, " ") != "" {
					t.Errorf("told %q", told)
				}
				if n := w.w.Counts(); n.Lost+n.Late > 0 {
					t.Errorf("counted %+v", n)
				}
			})
		}
	}
}

func TestAProcessThatWasStoppedTellsALossAsLateAsItWasStopped(t *testing.T) {
	t.Parallel()
	w := healthy(t)
	w.delivered = false
	for w.w.Counts().UnderWay == 0 {
		w.run(250 * time.Millisecond)
	}
	w.now = w.now.Add(40 * time.Second)
	w.next = w.now.Add(w.every)
	if told := w.run(11 * time.Second); told != "late losing" {
		t.Errorf("told %q", told)
	}
	if n := w.w.Counts(); n.Lost != 1 {
		t.Errorf("counted %+v", n)
	}
}
