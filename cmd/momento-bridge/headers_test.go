package main

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go"

	"momento-bridge/emulator"
)

// Topics are made of headers on both kinds of routes, and again when a dead letter is replayed.
func TestTopicsAreMadeOfHeaders(t *testing.T) {
	t.Parallel()
	got := newRecord()
	var refuse atomic.Bool
	refuse.Store(true)
	w := newWorld(t, emulator.Config{OnAccept: got.accepted, Script: func(_, _ string, body []byte) int {
		if refuse.Load() && string(body) == "refused" {
			return 400
		}
		return 0
	}})
	w.stream("S", "s.>")
	dead := w.stream("DEAD", "dead")
	config := w.config("limits: {rate: unlimited}", `
  - {name: core, subject: "c.*", cache: c, topic: "{{header(Region,none)}}.{{wildcard(1)}}"}
  - {name: stream, stream: S, subject: "s.*", cache: c, topic: "{{header(Region)}}", dead_letter: {subject: dead}}`)
	p := startDaemon(t, "-c", config)
	eventually(t, "ready", func() bool { code, _ := p.get("/readyz"); return code == 200 })
	send := func(subject, payload string, region ...string) {
		t.Helper()
		m := &nats.Msg{Subject: subject, Data: []byte(payload), Header: nats.Header{"Other": {"x"}}}
		if len(region) > 0 {
			m.Header["Region"] = region
		}
		if err := w.nats.PublishMsg(m); err != nil {
			t.Fatal(err)
		}
	}
	odd := "../e u%2F?é😀#\x01"
	send("c.a", "1", odd, "second")
	send("c.a", "2")
	send("s.a", "3", odd)
	send("s.a", "4", "..")
	send("s.a", "5")
	send("s.a", "refused", odd)
	eventually(t, "dead letters", func() bool {
		info, err := dead.Info(t.Context())
		return err == nil && info.State.Msgs == 2
	})
	want := func(topics map[string]string) {
		t.Helper()
		for topic, payloads := range topics {
			eventually(t, "published to "+topic, func() bool { return strings.Join(got.topic(topic), " ") == payloads })
		}
	}
	want(map[string]string{"c/" + odd + ".a": "1", "c/none.a": "2", "c/" + odd: "3", "c/..": "4"})
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	unfit, err := dead.GetLastMsgForSubject(t.Context(), "dead")
	if err == nil && string(unfit.Data) != "5" {
		unfit, err = dead.GetMsg(t.Context(), 1)
	}
	if err != nil || unfit.Header.Get("Momento-Bridge-Reason") != "unfit" ||
		!strings.Contains(unfit.Header.Get("Momento-Bridge-Error"), `the header Region is missing or empty, of which "{{header(Region)}}"`) {
		t.Errorf("the dead letter of what lacks the header is %+v, %v", unfit, err)
	}
	refuse.Store(false)
	var out, log syncBuffer
	_ = run(t.Context(), []string{"replay", "-c", config, "--share", "100%"}, &out, &log)
	if !strings.Contains(out.String(), "replayed=1 rejected=1 skipped=0 left=0") {
		t.Errorf("replay prints %q", out.String())
	}
	want(map[string]string{"c/" + odd: "3 refused"})
}
