package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/emulator"
)

// fine is a payload that the endpoint accepts while it rejects all others.
const fine = "fine"

// graveyard is a world in which a daemon has dead-lettered 20 messages of route a, 10 too large ones of it, and 5
// messages of route b.
type graveyard struct {
	*world
	got    *record
	dead   jetstream.Stream
	config string
	refuse atomic.Bool
}

func newGraveyard(t *testing.T) *graveyard {
	t.Helper()
	g := &graveyard{got: newRecord()}
	g.refuse.Store(true)
	g.world = newWorld(t, emulator.Config{OnAccept: g.accepted, Script: func(_, _ string, body []byte) int {
		if g.refuse.Load() && string(body) != fine {
			return 400
		}
		return 0
	}})
	g.stream("A", "a.>")
	g.stream("B", "b")
	g.dead = g.stream("DEAD", "dead.>")
	g.config = g.world.config("limits: {rate: 1000}", `
  - {name: a, stream: A, subject: "a.>", cache: c, topic: "t-{{wildcard(1)}}", dead_letter: {subject: dead.all}}
  - {name: b, stream: B, cache: c, dead_letter: {subject: dead.all}}
`)
	p := startDaemon(t, "-c", g.config)
	g.bury(p, "a", 20, func(i int) (string, string) { return fmt.Sprintf("a.%d", i%2), fmt.Sprint(i) })
	for range 10 {
		g.publish("a.large", strings.Repeat("x", 5000))
	}
	g.bury(p, "b", 5, func(i int) (string, string) { return "b", fmt.Sprint("b", i) })
	eventually(t, "35 dead letters", func() bool { return g.left() == 35 })
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	g.refuse.Store(false)
	return g
}

// accepted records what is published once the graveyard is full.
func (g *graveyard) accepted(cache, topic string, body []byte) {
	if !g.refuse.Load() {
		g.got.accepted(cache, topic, body)
	}
}

// bury has so many messages of a route rejected by the endpoint, and one accepted after every few: it would not be
// believed otherwise.
func (g *graveyard) bury(p *process, route string, n int, message func(i int) (subject, payload string)) {
	g.t.Helper()
	settled := func(outcome string, n int) {
		g.t.Helper()
		metric := fmt.Sprintf("messages_settled_total{outcome=%q,route=%q}", outcome, route)
		eventually(g.t, fmt.Sprintf("%d %s of route %s", n, outcome, route),
			func() bool { return p.metric(metric) >= float64(n) })
	}
	const few = 4
	for from := 0; from < n; from += few {
		to := min(from+few, n)
		for i := from; i < to; i++ {
			g.publish(message(i))
		}
		settled("dead_lettered", to)
		subject, _ := message(from)
		g.publish(subject, fine)
		settled("published", from/few+1)
	}
}

// left is how many dead letters there are.
func (g *graveyard) left() int {
	info, err := g.dead.Info(context.WithoutCancel(g.t.Context()))
	if err != nil {
		g.t.Fatal(err)
	}
	return int(info.State.Msgs)
}

// replay runs the command and returns the last line that it prints.
func (g *graveyard) replay(args ...string) (string, error) {
	g.t.Helper()
	var out, log syncBuffer
	err := run(g.t.Context(), append([]string{"replay", "-c", g.config}, args...), &out, &log)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	return lines[len(lines)-1], err
}

func TestReplayPublishesOnceInOrderAndRemoves(t *testing.T) {
	t.Parallel()
	g := newGraveyard(t)
	line, err := g.replay("--share", "100%")
	if line != "replayed=25 rejected=10 skipped=0 left=0" || exitStatus(err) != statusFailed {
		t.Errorf("replay prints %q, %v, want the too large ones rejected again", line, err)
	}
	for topic, want := range map[string][]string{
		"c/t-0": {"0", "2", "4", "6", "8", "10", "12", "14", "16", "18"}, "c/b": {"b0", "b1", "b2", "b3", "b4"},
	} {
		if got := g.got.topic(topic); !slices.Equal(got, want) {
			t.Errorf("topic %s got %v, want %v", topic, got, want)
		}
	}
	if n := g.left(); n != 10 {
		t.Errorf("%d dead letters left, want the 10 that are too large", n)
	}
}

// What is rejected again stays in the stream, so that nobody needs to believe less of it.
func TestReplayEndsAlsoWhereEverythingIsRejectedAgain(t *testing.T) {
	t.Parallel()
	g := newGraveyard(t)
	g.refuse.Store(true)
	line, err := g.replay("--share", "100%")
	if line != "replayed=0 rejected=35 skipped=0 left=0" || exitStatus(err) != statusFailed {
		t.Errorf("replay prints %q, %v, want everything rejected again", line, err)
	}
	if n := g.left(); n != 35 {
		t.Errorf("%d dead letters left, want all 35", n)
	}
}

func TestReplaySelectsByRouteAndReason(t *testing.T) {
	t.Parallel()
	g := newGraveyard(t)
	if line, err := g.replay("--share", "100%", "--route", "b"); line != "replayed=5 rejected=0 skipped=30 left=0" ||
		err != nil {
		t.Errorf("of route b: %q, %v", line, err)
	}
	if line, err := g.replay("--share", "100%", "--reason", "bad_request"); line != "replayed=20 rejected=0 "+
		"skipped=10 left=0" || err != nil {
		t.Errorf("of one reason: %q, %v", line, err)
	}
	if line, err := g.replay("--reason", "not_found"); line != "replayed=0 rejected=0 skipped=10 left=0" || err != nil {
		t.Errorf("of a reason that there is none of: %q, %v", line, err)
	}
}

func TestDryRunOfReplayChangesNothing(t *testing.T) {
	t.Parallel()
	g := newGraveyard(t)
	if line, err := g.replay("--dry-run"); line != "35 would be replayed" || err != nil || g.left() != 35 ||
		g.got.total() != 0 {
		t.Errorf("%q, %v, %d left, %d published", line, err, g.left(), g.got.total())
	}
}

func TestInterruptedReplayLeavesTheRest(t *testing.T) {
	t.Parallel()
	g := newGraveyard(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	go func() {
		for g.got.total() < 5 && ctx.Err() == nil {
			time.Sleep(5 * time.Millisecond)
		}
		interrupt()
	}()
	var out, log syncBuffer
	err := run(ctx, []string{"replay", "-c", g.config, "--share", "1%", "--reason", "bad_request"}, &out, &log) // 10/s.
	published := g.got.total()
	if exitStatus(err) != statusFailed || published < 5 || published == 35 || g.left() != 35-published {
		t.Errorf("%v: %d published, %d left of 35; %s", err, published, g.left(), out.String())
	}
}

func TestReplayRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	g := newGraveyard(t)
	f := func(want string, args ...string) {
		t.Helper()
		if _, err := g.replay(args...); exitStatus(err) != statusUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("replay %v = %v, want %q in it", args, err, want)
		}
	}
	f(`--route "x" has no dead_letter in the configuration; those that have one: a, b`, "--route", "x")
	f(`--share "half": write a percentage`, "--share", "half")
	f(`--share "200%": write a percentage`, "--share", "200%")
}

// What could not be removed would be replayed again: nothing is published then.
func TestReplayRefusesAStreamThatKeepsForEver(t *testing.T) {
	t.Parallel()
	g := newGraveyard(t)
	cfg := g.dead.CachedInfo().Config
	cfg.DenyDelete = true
	if _, err := g.js.UpdateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if _, err := g.replay("--share", "100%"); exitStatus(err) != statusFailed || !strings.Contains(err.Error(),
		"does not allow single messages to be deleted") || g.got.total() != 0 {
		t.Errorf("replay = %v, %d published", err, g.got.total())
	}
}
