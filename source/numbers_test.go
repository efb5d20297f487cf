package source

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// What is on its way, there or back, is not taken for what somebody left behind.
func TestOnlyWhatNobodyCanHaveIsElsewhere(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pending   int    // Unacknowledged, as the server says,
		delivered uint64 // and the consumer's sequence; the daemon has bound at 100.
		received  uint64 // Here, since then.
		before    ours
		again     bool // The server has said the same before.
		cut       bool
		others    bool
		want      int64
	}{
		"nothing":     {},
		"left behind": {pending: 83, delivered: 100, want: 83},
		"in hand":     {pending: 5, delivered: 105, received: 5, before: ours{held: 5, received: 5}},
		"in hand and left behind": {
			pending: 88, delivered: 105, received: 5, before: ours{held: 5, received: 5}, want: 83,
		},
		"came meanwhile": {pending: 7, delivered: 107, received: 7, before: ours{held: 5, received: 5}},
		"on their way":   {pending: 7, delivered: 107, received: 5, before: ours{held: 5, received: 5}},
		"lost on their way": {
			pending: 7, delivered: 107, received: 5, before: ours{held: 5, received: 5}, again: true, want: 2,
		},
		"lost with the connection": {
			pending: 7, delivered: 107, received: 5, before: ours{held: 5, received: 5}, cut: true, want: 2,
		},
		"acknowledgements on their way": {
			pending: 4, delivered: 105, received: 5, before: ours{held: 1, lately: 4, received: 5},
		},
		"another replica's": {pending: 40, delivered: 140, others: true, want: 40},
	} {
		w := watch{j: &JetStream{}, p: &puller{messages: tt.received}, base: 100, cut: tt.cut}
		w.j.barrier.shared.Store(tt.others)
		info := &jetstream.ConsumerInfo{
			NumAckPending: tt.pending, Delivered: jetstream.SequenceInfo{Consumer: max(100, tt.delivered)},
		}
		if tt.again {
			w.elsewhere(info, tt.before)
		}
		if got := w.elsewhere(info, tt.before); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
		if w.j.figures.others.Load() != tt.others {
			t.Errorf("%s: others %v", name, !tt.others)
		}
	}
}

func TestNumbersOfPartitionsAreAsOldAsTheOldestThatSaysSomething(t *testing.T) {
	t.Parallel()
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0) }
	var all Numbers
	for _, n := range []Numbers{
		{Held: 1, First: 2}, // It stands by.
		{Heard: at(50), First: 10},
		{Heard: at(20), Undelivered: 3, Since: at(15), AckWait: time.Second},
		{Heard: at(30), Elsewhere: 4, Since: at(5)},
		{Heard: at(10), First: 1},
	} {
		all.Add(n)
	}
	want := Numbers{
		Heard: at(20), Since: at(15), Undelivered: 3, Elsewhere: 4, Held: 1, First: 13, AckWait: time.Second,
	}
	if all != want {
		t.Errorf("%+v\nwant %+v", all, want)
	}
}

// A route that asks for nothing hears of nothing that comes: its numbers are asked for.
func TestNumbersAreAskedForAgainWhileNothingTellsOfWhatComes(t *testing.T) {
	t.Parallel()
	now := time.Unix(100, 0)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for name, tt := range map[string]struct {
		numbers Numbers
		open    bool
		glanced time.Time
		want    bool
	}{
		"nothing waits":        {numbers: Numbers{Heard: ago(time.Minute)}, open: true},
		"nothing is asked for": {numbers: Numbers{Heard: ago(2 * time.Second)}, want: true},
		"it was told lately":   {numbers: Numbers{Heard: ago(time.Second), Undelivered: 1}},
		"something waits": {
			numbers: Numbers{Heard: ago(2 * time.Second), Undelivered: 1}, open: true, want: true,
		},
		"something is elsewhere": {
			numbers: Numbers{Heard: ago(2 * time.Second), Elsewhere: 1}, open: true, want: true,
		},
		"a tick was late":          {numbers: Numbers{Heard: ago(1900 * time.Millisecond), Undelivered: 1}, want: true},
		"it has been asked lately": {numbers: Numbers{Heard: ago(time.Minute)}, glanced: ago(time.Second)},
	} {
		w := watch{glanced: tt.glanced, p: &puller{limits: Settings{AckWait: time.Minute}}}
		if got := w.stale(now, &tt.numbers, tt.open); got != tt.want {
			t.Errorf("%s: asked for %t, want %t", name, got, tt.want)
		}
	}
}
