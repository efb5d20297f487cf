package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
)

// People see one route, whose topics are in order, and nothing of the numbers in front of its subjects.
func TestPartitionsAreOneRouteForPeople(t *testing.T) {
	t.Parallel()
	w, got := newRecordedWorld(t)
	w.stream("S", "s.*")
	w.stream("DEAD", "dead")
	const topics, messages = 20, 400
	w.fill(messages, func(i int) (string, string) { return fmt.Sprintf("s.%d", i%topics), fmt.Sprint(i / topics) })
	path := w.config("limits: {rate: unlimited}", "  - {name: s, stream: S, subject: s.*, topic: 't-$1', cache: "+
		"c, partitions: 4, max_payload: 9,\n"+
		"     dead_letter: {subject: dead}}")
	var out, log syncBuffer
	if err := run(t.Context(), []string{"check", "-c", path, "--online"}, &out, &log); err != nil {
		t.Errorf("check = %v\n%s", err, out.String())
	}
	for _, words := range []string{
		"route s: stream S s.* in 4 partitions → c/t-$1", "p0 … p3, created when missing",
		"stream momento-bridge-s, created when missing: a work queue that the servers fill from S",
		"✓ route s: partition stream momento-bridge-s does not exist yet: run creates it",
	} {
		if !strings.Contains(out.String(), words) {
			t.Errorf("check does not say %q:\n%s", words, out.String())
		}
	}
	p := startDaemon(t, "-c", path)
	p.awaitReady()
	eventually(t, "all published", func() bool { return got.total() == messages })
	for i := range topics {
		want := make([]string, messages/topics)
		for n := range want {
			want[n] = fmt.Sprint(n)
		}
		if topic := got.topic(fmt.Sprintf("c/t-%d", i)); !slices.Equal(topic, want) {
			t.Errorf("topic %d: %v", i, topic)
		}
	}
	eventually(t, "acknowledged", func() bool {
		s, err := w.js.Stream(t.Context(), "momento-bridge-s")
		return err == nil && s.CachedInfo().State.Msgs == 0 &&
			p.metric(`messages_settled_total{outcome="published",route="s"}`) == messages
	})
	if n := p.metric(`messages_received_total{route="s"}`); n != messages {
		t.Errorf("%g received, want %d", n, messages)
	}
	if routes := p.status().Routes; len(routes) != 1 || routes[0].Name != "s" || routes[0].State != "running" {
		t.Errorf("the status has %+v", routes)
	}
	w.publish("s.1", "more than nine bytes")
	dead, err := w.js.Stream(t.Context(), "DEAD")
	if err != nil {
		t.Fatal(err)
	}
	var letter *jetstream.RawStreamMsg
	eventually(t, "kept as a dead letter", func() bool {
		letter, err = dead.GetMsg(t.Context(), 1)
		return err == nil
	})
	for name, want := range map[string]string{"Subject": "s.1", "Stream": "S", "Sequence": fmt.Sprint(messages + 1)} {
		if h := letter.Header.Get("Momento-Bridge-" + name); h != want {
			t.Errorf("the dead letter's %s is %q, want %q", name, h, want)
		}
	}
	p.post("/api/v1/pause?route=s", "1")
	w.publish("s.1", "20")
	eventually(t, "paused", func() bool { return p.status().Routes[0].State == "paused" })
	p.post("/api/v1/resume?route=s", "1")
	eventually(t, "resumed", func() bool { return got.total() == messages+1 })
	if err := p.stop(); err != nil {
		t.Errorf("stop = %v", err)
	}
	if strings.Contains(p.log.String(), "level=ERROR") {
		t.Errorf("the log has errors:\n%s", p.log)
	}
}

func TestAnotherNumberOfPartitionsIsRefusedWhileMessagesWait(t *testing.T) {
	t.Parallel()
	w, got := newRecordedWorld(t)
	w.stream("S", "s.*")
	route := "  - {name: s, stream: S, subject: s.*, cache: c, partitions: %d}"
	p := startDaemon(t, "-c", w.config("", fmt.Sprintf(route, 2)))
	eventually(t, "the partition stream made", func() bool { // It is ready before, while it listens for others.
		_, err := w.js.Stream(t.Context(), "momento-bridge-s")
		return err == nil
	})
	if err := p.stop(); err != nil {
		t.Errorf("stop = %v", err)
	}
	w.publish("s.1", "x")
	eventually(t, "waiting in the partition stream", func() bool {
		s, err := w.js.Stream(t.Context(), "momento-bridge-s")
		return err == nil && s.CachedInfo().State.Msgs == 1
	})
	path := w.config("", fmt.Sprintf(route, 3))
	p = startDaemon(t, "-c", path)
	p.awaitNotReady("partitions is 3 and the partition stream momento-bridge-s was made for 2")
	var out, log syncBuffer
	if err := run(t.Context(), []string{"check", "-c", path, "--online"}, &out, &log); err == nil ||
		!strings.Contains(strings.Join(strings.Fields(out.String()), " "), "until what waits in it (1) is published") {
		t.Errorf("check = %v\n%s", err, out.String())
	}
	if err := p.stop(); err != nil {
		t.Errorf("stop = %v", err)
	}
	if n := got.total(); n != 0 {
		t.Errorf("%d were published", n)
	}
	p = startDaemon(t, "-c", w.config("", fmt.Sprintf(route, 2)))
	eventually(t, "published with the old number", func() bool { return got.total() == 1 })
	if err := p.stop(); err != nil {
		t.Errorf("stop = %v", err)
	}
}

func TestReplicasShareThePartitionsOutAndKeepTheOrder(t *testing.T) {
	t.Parallel()
	w, got := newRecordedWorld(t)
	w.stream("S", "s.*")
	path := w.config("coordination: {create: true, lease: 2s}\nlimits: {rate: unlimited}",
		"  - {name: s, stream: S, subject: s.*, cache: c, partitions: 4}")
	const topics, each = 20, 200
	sent := 0
	send := func() {
		w.fill(each, func(i int) (string, string) {
			return fmt.Sprintf("s.%d", (sent+i)%topics), fmt.Sprint((sent + i) / topics)
		})
		sent += each
	}
	held := func(p *process) int {
		n := 0
		for i := range 4 {
			n += int(p.metric(fmt.Sprintf(`lease_held{partition="%d",route="s"}`, i+1)))
		}
		return n
	}
	first := startDaemon(t, "-c", path)
	eventually(t, "all held by the first", func() bool { return held(first) == 4 })
	send()
	second := startDaemon(t, "-c", path)
	second.awaitReady()
	eventually(t, "shared out", func() bool {
		if sent < 10*each {
			send()
		}
		return held(first) == 2 && held(second) == 2
	})
	send()
	if err := first.stop(); err != nil {
		t.Errorf("stop = %v", err)
	}
	send()
	eventually(t, "all held by the second", func() bool { return held(second) == 4 })
	eventually(t, "all published", func() bool {
		s, err := w.js.Stream(t.Context(), "momento-bridge-s")
		return err == nil && got.total() >= sent && s.CachedInfo().State.Msgs == 0
	})
	if err := second.stop(); err != nil {
		t.Errorf("stop = %v", err)
	}
	for i := range topics { // A machine that stands still for the lease may double what was in flight, and no more.
		topic, next := got.topic(fmt.Sprintf("c/s.%d", i)), 0
		for _, payload := range topic {
			if payload == fmt.Sprint(next) {
				next++
			} else if n, err := strconv.Atoi(payload); err != nil || n > next {
				t.Errorf("topic %d has %s before %d", i, payload, next)
				break
			}
		}
		if next != sent/topics {
			t.Errorf("topic %d has %d of %d", i, next, sent/topics)
		}
	}
}
