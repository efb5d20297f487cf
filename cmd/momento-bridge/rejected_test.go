package main

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"momento-bridge/emulator"
)

// believed is how many rejections in a row, with nothing accepted in between, are taken for the messages' own fault.
const believed = 5

// What rejects everything must not empty a stream, nor hold up other routes.
func TestEndpointThatRejectsAllOfARouteIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 413} {
		t.Run(fmt.Sprint(status), func(t *testing.T) { testRejectedRoute(t, status) })
	}
}

func testRejectedRoute(t *testing.T, status int) {
	t.Parallel()
	const messages = 50
	var well atomic.Bool
	got := newRecord()
	w := newWorld(t, emulator.Config{OnAccept: got.accepted, Script: func(cache, _ string, _ []byte) int {
		if cache == "c" && !well.Load() {
			return status
		}
		return 0
	}})
	w.stream("S", "s.*")
	w.stream("OTHER", "other")
	w.stream("DEAD", "dead")
	w.fill(messages, func(i int) (string, string) { return fmt.Sprintf("s.%d", i%10), fmt.Sprint(i) })
	p := startDaemon(t, "-c", w.config("", `
  - {name: s, stream: S, cache: c, dead_letter: {subject: dead}}
  - {name: other, stream: OTHER, cache: another}`))
	const rejects = "the endpoint rejects whatever it publishes: "
	p.awaitNotReady("route s: " + rejects)
	w.publish("other", "x")
	eventually(t, "another route goes on", func() bool { return len(got.topic("another/other")) == 1 })
	if r := p.status().Routes[0]; r.State != "parked" || !strings.HasPrefix(r.Reason, rejects) {
		t.Errorf("the status says %s, %q", r.State, r.Reason)
	}
	well.Store(true)
	p.awaitReady()
	settled := func(outcome string) float64 {
		return p.metric(`messages_settled_total{outcome="` + outcome + `",route="s"}`)
	}
	eventually(t, "the rest published", func() bool { return settled("published") == messages-believed })
	if n := settled("dead_lettered"); n != believed {
		t.Errorf("%g dead letters, want %d", n, believed)
	}
	if r := p.status().Routes[0]; r.State != "running" || r.Reason != "" {
		t.Errorf("the status says %s, %q once all is well", r.State, r.Reason)
	}
	if err := p.stop(); err != nil {
		t.Errorf("run = %v", err)
	}
}
