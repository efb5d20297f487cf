package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/batch"
	"momento-bridge/emulator"
)

// unpacked returns the messages of a topic so far, as text without their times, and whether all had a marker.
func unpacked(t *testing.T, got *record, topic string) (messages []string, times []time.Time, marked bool) {
	t.Helper()
	marked = true
	for _, body := range got.topic(topic) {
		p, err := batch.Unpack([]byte(body), 0)
		if err != nil {
			t.Fatal(err)
		}
		marked = marked && p.Marked
		for _, m := range p.Messages {
			messages = append(messages, fmt.Sprintf("%s %s %v", m.Payload, m.Subject, m.Headers))
			times = append(times, m.Time)
		}
	}
	return messages, times, marked
}

func TestCarriedSubjectTimeAndHeadersReachSubscribers(t *testing.T) {
	t.Parallel()
	got := newRecord()
	var refuse atomic.Bool
	refuse.Store(true)
	w := newWorld(t, emulator.Config{OnAccept: got.accepted, Script: func(_, _ string, body []byte) int {
		if refuse.Load() && bytes.Contains(body, []byte("refused")) {
			return 400
		}
		return 0
	}})
	stream := w.stream("S", "s.>")
	w.stream("DEAD", "dead")
	config := w.config("limits: {rate: unlimited}", `
  - {name: core, subject: "c.*", cache: c, topic: core, batch: {format: packed}, carry: ["header:*", subject]}
  - {name: stream, stream: S, subject: "s.*", cache: c, topic: stream, batch: {format: packed},
     carry: [subject, time, Region], dead_letter: {subject: dead}}`)
	p := startDaemon(t, "-c", config)
	p.awaitReady()
	for i, subject := range []string{"c.a", "s.a", "s.b"} {
		payload := []string{"1", "2", "refused"}[i]
		header := nats.Header{"Region": {"eu", "uk"}, "To": {"x"}}
		m := &nats.Msg{Subject: subject, Data: []byte(payload), Header: header}
		if err := w.nats.PublishMsg(m); err != nil {
			t.Fatal(err)
		}
	}
	want := func(topic string, want []string, markers bool) {
		t.Helper()
		var messages []string
		eventually(t, "what is carried on "+topic, func() bool {
			messages, _, _ = unpacked(t, got, topic)
			return len(messages) >= len(want)
		})
		if _, _, marked := unpacked(t, got, topic); !slices.Equal(messages, want) || marked != markers {
			t.Errorf("%s: %q, markers %v; want %q, %v", topic, messages, marked, want, markers)
		}
	}
	want("c/core", []string{"1 c.a [{Region eu} {Region uk} {To x}]"}, false)
	want("c/stream", []string{"2 s.a [{Region eu} {Region uk}]"}, true)
	eventually(t, "the dead letter", func() bool {
		return p.metric(`messages_settled_total{outcome="dead_lettered",route="stream"}`) == 1
	})
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	refuse.Store(false)
	var out, log syncBuffer
	_ = run(t.Context(), []string{"replay", "-c", config, "--share", "100%"}, &out, &log)
	if !strings.Contains(out.String(), "replayed=1 rejected=0") {
		t.Fatalf("replay prints %q", out.String())
	}
	want("c/stream", []string{"2 s.a [{Region eu} {Region uk}]", "refused s.b [{Region eu} {Region uk}]"}, false)
	_, times, _ := unpacked(t, got, "c/stream")
	for i, at := range times {
		stored, err := stream.GetMsg(t.Context(), uint64(i)+1)
		if err != nil || !at.Equal(stored.Time.Truncate(time.Millisecond)) {
			t.Errorf("message %d carries %v, it was stored at %v, %v", i+1, at, stored.Time, err)
		}
	}
}
