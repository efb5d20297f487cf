package main

import (
	"encoding/json"
	"strings"
	"testing"

	"momento-bridge/emulator"
)

func TestRunLogsWhatItIsAboutToDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	w.stream("ORDERS", "orders.>")
	w.stream("DEAD", "dead")
	p := startDaemon(t, "-c", w.config("limits: {rate: 50}", `
  - {name: orders, stream: ORDERS, subject: "orders.>", cache: c, topic: "o-{{wildcard(1)}}",
     dead_letter: {subject: dead}}
  - {name: ticks, subject: t, cache: c, batch: {format: json}}
`))
	p.awaitReady()
	if err := p.stop(); err != nil {
		t.Errorf("run = %v", err)
	}
	events := map[string]map[string]any{}
	for line := range strings.Lines(p.log.String()) {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("a line of the log is not JSON: %s", line)
		}
		name, _ := e["name"].(string)
		events[e["msg"].(string)+name] = e
	}
	f := func(event, key string, want any) {
		t.Helper()
		if got := events[event][key]; got != want {
			t.Errorf("%s: %s is %v, want %v", event, key, got, want)
		}
	}
	f("starting", "version", "dev")
	f("starting", "endpoint", w.endpoint)
	f("starting", "key", "opaque")
	f("starting", "rate", "50")
	f("starting", "timeout", "5s")
	f("starting", "admin", strings.TrimPrefix(p.URL, "http://"))
	f("routeorders", "stream", "ORDERS")
	f("routeorders", "consumer", "momento-bridge-orders")
	f("routeorders", "held", 499.0)
	f("routeorders", "ack_wait", "1m0s")
	f("routeorders", "dead_letter", "dead")
	f("routeorders", "queue_messages", 16384.0)
	f("routeticks", "batch", "json, up to 4096 bytes")
	f("routeticks", "holds",
		"up to 262144 messages of 256 bytes or less; beyond that what comes is dropped, and counted")
}
