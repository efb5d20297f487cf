package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"momento-bridge/emulator"
)

// cloudEvent is what these tests look at in an event.
type cloudEvent struct {
	Specversion, ID, Source, Type, Subject, Datacontenttype, Traceparent, XTenant string

	Data       json.RawMessage
	DataBase64 []byte `json:"data_base64"`
}

// eventsOf returns the events of a topic's publishes, each of which is a JSON batch.
func eventsOf(t *testing.T, publishes []string) []cloudEvent {
	t.Helper()
	var all []cloudEvent
	for _, text := range publishes {
		var events []cloudEvent
		if err := json.Unmarshal([]byte(text), &events); err != nil {
			t.Errorf("a publish is no batch of events: %v: %s", err, text)
		}
		all = append(all, events...)
	}
	return all
}

// store publishes a message with headers to a stream, and returns what its event is to be called.
func (w *world) store(subject, payload string, header nats.Header) (id string) {
	w.t.Helper()
	ack, err := w.js.PublishMsg(w.t.Context(), &nats.Msg{Subject: subject, Data: []byte(payload), Header: header})
	if err != nil {
		w.t.Fatal(err)
	}
	stream, err := w.js.Stream(w.t.Context(), ack.Stream)
	if err != nil {
		w.t.Fatal(err)
	}
	m, err := stream.GetMsg(w.t.Context(), ack.Sequence)
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprintf("%s:%d:%s", ack.Stream, ack.Sequence, strconv.FormatInt(m.Time.UnixNano(), 36))
}

func TestMessagesOfAStreamArePublishedAsABatchOfEvents(t *testing.T) {
	t.Parallel()
	w, got := newRecordedWorld(t)
	w.stream("S", "s.>")
	whole := `{"specversion":"1.0","id":"own","source":"/own","type":"own","data":[1]}`
	ids := []string{
		w.store("s.a", `{"n":1.50}`, nats.Header{"Traceparent": {"00-a"}, "X-Tenant": {"acme"}}),
		w.store("s.a", "\x00", nil),
		w.store("s.b", "", nil),
		w.store("s.b", whole, nats.Header{"Content-Type": {"application/cloudevents+json"}}),
		w.store("s.b", "text", nats.Header{
			"ce-specversion": {"1.0"}, "ce-id": {"binary"}, "ce-source": {"/own"}, "ce-type": {"own"},
			"Content-Type": {"text/plain"},
		}),
	}
	p := startDaemon(t, "-c", w.config("limits: {rate: unlimited}", `
  - {name: all, stream: S, subject: "s.>", cache: c, topic: all, content_type: text/plain,
    envelope: cloudevents, batch: {format: json}, carry: [X-Tenant]}
  - {name: some, stream: S, subject: "s.>", cache: c, topic: some, envelope: cloudevents, empty: skip}`))
	eventually(t, "all are published", func() bool {
		return len(eventsOf(t, got.topic("c/all"))) == 5 && len(got.topic("c/some")) == 4
	})
	events := eventsOf(t, got.topic("c/all"))
	for i, want := range []cloudEvent{
		{
			ID: ids[0], Source: "/nats/S", Type: "momento-bridge.all", Subject: "s.a", Traceparent: "00-a",
			XTenant:         "acme",
			Datacontenttype: "application/json", Data: json.RawMessage(`{"n":1.50}`),
		},
		{
			ID: ids[1], Source: "/nats/S", Type: "momento-bridge.all", Subject: "s.a",
			Datacontenttype: "application/octet-stream", DataBase64: []byte{0},
		},
		{ID: ids[2], Source: "/nats/S", Type: "momento-bridge.all", Subject: "s.b"},
		{ID: "own", Source: "/own", Type: "own", Data: json.RawMessage("[1]")},
		{ID: "binary", Source: "/own", Type: "own", Datacontenttype: "text/plain", Data: json.RawMessage(`"text"`)},
	} {
		want.Specversion = "1.0"
		if fmt.Sprintf("%q", events[i]) != fmt.Sprintf("%q", want) {
			t.Errorf("event %d is %q, want %q", i, events[i], want)
		}
	}
	if some := got.topic("c/some"); some[2] != whole {
		t.Errorf("an event that comes as one is published as %s, want %s", some[2], whole)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}

// What is published counts against max_payload, and what is kept is the message as it came.
func TestDeadLettersOfEventsHaveTheOriginalMessage(t *testing.T) {
	t.Parallel()
	w, got := newRecordedWorld(t)
	w.stream("S", "s.>")
	w.stream("DEAD", "dead.>")
	config := func(most int) string {
		return w.config("limits: {rate: unlimited}", fmt.Sprintf(`
  - {name: s, stream: S, subject: "s.>", cache: c, topic: t, envelope: cloudevents, max_payload: %d,
    dead_letter: {subject: dead.s}}
  - {name: n, subject: n, cache: c, topic: t, envelope: cloudevents, max_payload: %[1]d, dead_letter: {subject: dead.n}}`,
			most))
	}
	payloads := []string{`{"a":1}`, strings.Repeat("\xff", 9), "text \"quoted\"\n"}
	headers := []nats.Header{{"X": {"1"}}, nil, {"Content-Type": {"text/plain"}}}
	var ids []string
	p := startDaemon(t, "-c", config(40))
	for i, payload := range payloads {
		ids = append(ids, w.store("s.x", payload, headers[i]))
	}
	eventually(t, "the route from core NATS is ready", func() bool {
		code, _ := p.get("/readyz")
		return code == 200
	})
	if err := w.nats.PublishMsg(&nats.Msg{Subject: "n", Data: []byte(payloads[2]), Header: headers[2]}); err != nil {
		t.Fatal(err)
	}
	dead, err := w.js.Stream(t.Context(), "DEAD")
	if err != nil {
		t.Fatal(err)
	}
	stored := func() int {
		info, err := dead.Info(t.Context())
		if err != nil {
			return -1
		}
		return int(info.State.Msgs)
	}
	eventually(t, "four dead letters are kept", func() bool { return stored() == 4 })
	kept := map[string]int{}
	for sequence := uint64(1); sequence <= 4; sequence++ {
		letter, err := dead.GetMsg(t.Context(), sequence)
		if err != nil {
			t.Fatal(err)
		}
		kept[string(letter.Data)]++
		if reason := letter.Header.Get("Momento-Bridge-Reason"); reason != "too_large" {
			t.Errorf("the dead letter %q was rejected as %s, want too_large", letter.Data, reason)
		}
	}
	for i, want := range []int{1, 1, 2} {
		if kept[payloads[i]] != want {
			t.Errorf("%q is kept %d times, want %d", payloads[i], kept[payloads[i]], want)
		}
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	var out, log syncBuffer
	if err := run(context.Background(), []string{"replay", "-c", config(4096), "--share", "100%"}, &out,
		&log); err != nil {
		t.Fatalf("replay = %v\n%s", err, log.String())
	}
	events := map[string]cloudEvent{}
	for _, text := range got.topic("c/t") {
		var e cloudEvent
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(err)
		}
		events[e.ID] = e
	}
	for _, id := range ids {
		if e := events[id]; e.Source != "/nats/S" || e.Subject != "s.x" {
			t.Errorf("no replayed event is called %s as its message is: %v", id, events)
		}
	}
	if len(events) != 4 || stored() != 0 {
		t.Errorf("%d events are replayed, and %d dead letters are left", len(events), stored())
	}
}

func TestMessagesOfCoreNATSBecomeEvents(t *testing.T) {
	t.Parallel()
	got := newRecord()
	w := newWorld(t, emulator.Config{OnAccept: got.accepted})
	p := startDaemon(t, "-c", w.config("limits: {rate: unlimited}",
		`  - {name: n, subjects: ["n.a.*", "n.a"], cache: c, topic: t, envelope: cloudevents}`))
	eventually(t, "the route is ready", func() bool {
		code, _ := p.get("/readyz")
		return code == 200
	})
	for _, header := range []nats.Header{nil, nil, {"Nats-Msg-Id": {"own"}}} {
		if err := w.nats.PublishMsg(&nats.Msg{Subject: "n.a.b", Data: []byte("7"), Header: header}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "three are published", func() bool { return got.total() == 3 })
	ids := map[string]bool{}
	for _, text := range got.topic("c/t") {
		var e cloudEvent
		if err := json.Unmarshal([]byte(text), &e); err != nil || e.Source != "/nats/n.a" || string(e.Data) != "7" {
			t.Errorf("an event is %s, %v", text, err)
		}
		ids[e.ID] = true
	}
	if len(ids) != 3 || !ids["own"] {
		t.Errorf("the events are called %v, want three names, one of them its message's own", ids)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}
