package main

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/emulator"
	"momento-bridge/test/long"
)

// Which stream takes a subject only NATS knows.
func TestCirclesOfDeadLettersAmongStreamsAreRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		routes string
		run    bool   // The daemon refuses, too; otherwise it cannot know.
		want   string // Empty: it is fine.
	}{
		"each other's": {`
  - {name: a, stream: A, cache: c, dead_letter: {subject: b.dead}}
  - {name: b, stream: B, cache: c, dead_letter: {subject: a.dead}}`, true, "the dead letters of route a in b.dead get into the stream B and are consumed by route b, " +
			"the dead letters of route b in a.dead get into the stream A and are consumed by route a: a rejected " +
			"message would go round for ever"},
		"with core NATS": {`
  - {name: a, stream: A, cache: c, dead_letter: {subject: b.dead}}
  - {name: b, subject: "b.>", cache: c, dead_letter: {subject: a.dead}}`, true, "in b.dead are consumed by route b, "},
		"three": {`
  - {name: a, stream: A, cache: c, dead_letter: {subject: b.dead}}
  - {name: b, stream: B, cache: c, dead_letter: {subject: d.dead}}
  - {name: d, stream: D, cache: c, dead_letter: {subject: a.dead}}`, true, "consumed by route d, "},
		"by a source": {`
  - {name: copy, stream: COPY, cache: c, dead_letter: {subject: a.dead}}`, false, "in a.dead get into the stream COPY and are consumed by route copy"},
		"a chain": {`
  - {name: a, stream: A, cache: c, dead_letter: {subject: b.dead}}
  - {name: b, stream: B, cache: c, dead_letter: {subject: d.dead}}
  - {name: d, stream: D, cache: c}`, true, ""},
		"filters that leave them out": {`
  - {name: a, stream: A, subject: "a.orders", cache: c, dead_letter: {subject: b.dead}}
  - {name: b, stream: B, cache: c, dead_letter: {subject: a.dead}}`, true, ""},
	}
	w := newWorld(t, emulator.Config{})
	for _, name := range []string{"a", "b", "d"} {
		w.stream(strings.ToUpper(name), name+".>")
	}
	if _, err := w.js.CreateStream(t.Context(), jetstream.StreamConfig{
		Name:    "COPY",
		Sources: []*jetstream.StreamSource{{Name: "A"}},
	}); err != nil {
		t.Fatal(err)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := w.config("", tt.routes)
			var out, log syncBuffer
			err := run(t.Context(), []string{"check", "-c", path, "--online"}, &out, &log)
			if found := "✗ dead letters: "; strings.Contains(out.String(), found) != (tt.want != "") ||
				!strings.Contains(out.String(), tt.want) {
				t.Errorf("check --online = %v, want %q:\n%s%s", err, tt.want, out.String(), log.String())
			}
			if !tt.run || tt.want == "" {
				return
			}
			p := startDaemon(t, "-c", path)
			if err := p.wait(); exitStatus(err) != statusFailed || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("run = %v, want %q in it", err, tt.want)
			}
			if n := strings.Count(p.log.String(), "stopping because of a failure"); n != 1 {
				t.Errorf("the failure is logged %d times, want once", n)
			}
		})
	}
}

// Where no daemon sees the circle, the dead letter does: it made 2 500 publishes a second.
func TestDeadLetterThatComesRoundThroughAnotherDaemonEnds(t *testing.T) {
	t.Parallel()
	var bad atomic.Int64
	w := newWorld(t, emulator.Config{Script: func(_, _ string, body []byte) int {
		if string(body) == "bad" {
			bad.Add(1)
			return 400
		}
		return 0
	}})
	w.stream("A", "a.>")
	w.stream("B", "b.>")
	w.publish("a.1", "bad")
	one := startDaemon(t, "-c", w.config("", `  - {name: a, stream: A, cache: c, dead_letter: {subject: b.dead}}`))
	other := startDaemon(t, "-c", w.config("", `  - {name: b, stream: B, cache: c, dead_letter: {subject: a.dead}}`))
	dropped := `messages_settled_total{outcome="rejected",route="a"}`
	eventually(t, "the message dropped", func() bool { return one.metric(dropped) == 1 })
	if n := bad.Load(); n != 3 {
		t.Errorf("%d publishes, want 3: by a, by b, and by a again", n)
	}
	eventually(t, "the log saying why", func() bool {
		return strings.Contains(one.log.String(), "would go round for ever: it is dropped") &&
			strings.Contains(one.log.String(), "to b.dead, by b.dead, a.dead")
	})
	if err := one.stop(); err != nil {
		t.Error(err)
	}
	if err := other.stop(); err != nil {
		t.Error(err)
	}
}

// A dead-letter stream that is full is named with what to do, holds nobody else up, and is gone on with by itself.
func TestFullDeadLetterStreamParksByName(t *testing.T) {
	t.Parallel()
	const n = 60
	w, got := newRecordedWorld(t)
	w.stream("S", "s.*")
	dead, err := w.js.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: "DEAD", Subjects: []string{"dead"},
		MaxMsgs: 1, Discard: jetstream.DiscardNew,
	})
	if err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("x", 5000)
	w.fill(n, func(i int) (string, string) { return fmt.Sprintf("s.%d", i), large })
	p := startDaemon(t, "-c",
		w.config("limits: {rate: 1000}", `  - {name: s, stream: S, cache: c, dead_letter: {subject: dead}}`))
	p.awaitNotReady(
		fmt.Sprintf("route s: %d messages wait to be kept as dead letters: the stream DEAD is full and takes no more "+
			"dead letters: "+
			"raise its limits with `nats stream edit DEAD`, or replay them, or delete them with `nats stream purge "+
			"DEAD`", n-1))
	w.fill(2*n, func(i int) (string, string) { return fmt.Sprintf("s.good-%d", i), "good" })
	eventually(t, "others go on", func() bool { return got.total() == 2*n })
	if r := p.status().Routes[0]; !strings.Contains(r.Reason, "the stream DEAD is full") {
		t.Errorf("the status says %q", r.Reason)
	}
	if log := p.log.String(); !strings.Contains(log, "nats stream purge DEAD") {
		t.Error("the log does not say what to do")
	}
	cfg := dead.CachedInfo().Config
	cfg.MaxMsgs = -1
	if _, err := w.js.UpdateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	p.awaitReady()
	eventually(t, "all kept",
		func() bool { return p.metric(`messages_settled_total{outcome="dead_lettered",route="s"}`) == n })
	if err := p.stop(); err != nil {
		t.Errorf("run = %v", err)
	}
	if info, err := dead.Info(t.Context()); err != nil || info.State.Msgs != n {
		t.Errorf("%d dead letters, %v", info.State.Msgs, err)
	}
}

// A rejected message of nearly the server's max_payload blocked its topic for ever, and 31 of them the route.
func TestRejectedMessagesOfTheLargestSizeEnd(t *testing.T) {
	t.Parallel()
	n := long.Or(12, 35)
	w, got := newRecordedWorld(t)
	w.stream("S", "s.*")
	dead := w.stream("DEAD", "dead")
	large := strings.Repeat("x", 1<<20-100)
	w.fill(n, func(i int) (string, string) { return fmt.Sprintf("s.%d", i), large })
	w.fill(n, func(i int) (string, string) { return fmt.Sprintf("s.%d", i), "good" })
	p := startDaemon(t, "-c",
		w.config("limits: {rate: 1000}", `  - {name: s, stream: S, cache: c, dead_letter: {subject: dead}}`))
	eventually(t, "all settled", func() bool {
		return p.metric(`messages_settled_total{outcome="dead_lettered",route="s"}`) == float64(n) && got.total() == n
	})
	if err := p.stop(); err != nil {
		t.Errorf("run = %v", err)
	}
	letter, err := dead.GetMsg(t.Context(), 1)
	if err != nil || letter.Header.Get("Momento-Bridge-Truncated") != fmt.Sprint(len(large)) ||
		len(letter.Data) < len(large)-1000 {
		t.Errorf("%d bytes kept, cut from %q, %v", len(letter.Data), letter.Header.Get("Momento-Bridge-Truncated"), err)
	}
}

// One message in a stream of everything made 121 872 publishes in 9 s.
func TestStreamOfEverythingIsNotCarried(t *testing.T) {
	t.Parallel()
	w, got := newRecordedWorld(t)
	if _, err := w.js.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: "S", Subjects: []string{">"},
		NoAck: true,
	}); err != nil {
		t.Fatal(err)
	}
	if err := w.nats.Publish("orders.1", []byte("x")); err != nil {
		t.Fatal(err)
	}
	path := w.config("", `  - {name: s, stream: S, cache: c}`)
	const reason = "the stream S takes what is delivered to the inboxes of consumers"
	var out, log syncBuffer
	if err := run(t.Context(), []string{"check", "-c", path, "--online"}, &out, &log); exitStatus(
		err) != statusFailed || !strings.Contains(out.String(), reason) {
		t.Errorf("check --online = %v:\n%s", err, out.String())
	}
	p := startDaemon(t, "-c", path)
	p.awaitNotReady("route s: " + reason)
	if err := p.stop(); err != nil {
		t.Errorf("run = %v", err)
	}
	if got.total() > 0 {
		t.Errorf("%d publishes", got.total())
	}
}
