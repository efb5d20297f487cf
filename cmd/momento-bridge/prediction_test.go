package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/batch/corpus"
	"momento-bridge/daemon/daemontest"
	"momento-bridge/emulator"
)

// predicted are routes of every kind.
const predicted = `  - {name: orders, stream: S, subject: "orders.*", cache: c, batch: {format: json}}
  - {name: events, stream: S, consumer: events, subject: "orders.*", cache: c, batch: {format: json},
     envelope: cloudevents}
  - {name: all, stream: S, consumer: all, cache: c}
  - {name: empty, stream: EMPTY, cache: c, batch: {format: json}}
  - {name: core, subject: "core.*", cache: c, batch: {format: json}}
  - {name: single, subject: "single.*", cache: c}
`

func TestOnlineCheckPredictsMessagesPerPublish(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	w.stream("S", "orders.*", "other.*")
	w.stream("EMPTY", "empty.*")
	messages := corpus.All()[0].Messages(260)
	w.fill(2*len(messages), func(i int) (subject, payload string) {
		if i%2 == 0 {
			return fmt.Sprintf("orders.%d", i%10), string(messages[i/2].Payload)
		}
		return "other.x", strings.Repeat("x", 3000)
	})
	text := w.checked(predicted)
	const topics = `(, of \d topics: a publish has those of one)?\n`
	for _, want := range []string{
		// How many depends on how much it could read in time.
		`✓ route orders: (about|at least) \d+ messages a publish as json.*; by its newest \d+ messages?` + topics,
		`✓ route events: (about|at least) \d+ messages a publish as json; by its newest \d+ messages?` + topics,
		`✓ route core: how many messages fit into a publish is not known before they come: core NATS keeps none\n`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("check does not say %q:\n%s", want, text)
		}
	}
	for _, not := range []string{"route empty: about", "route empty: how", "route single: how"} {
		if strings.Contains(text, not) {
			t.Errorf("check says %q:\n%s", not, text)
		}
	}
	for _, part := range []string{"xxxx", string(messages[259].Payload[:30])} {
		if strings.Contains(text, part) {
			t.Errorf("check shows a payload, %s:\n%s", part, text)
		}
	}
	if n := w.emulator.Stats().Accepted; n != 0 {
		t.Errorf("check has published %d messages", n)
	}
}

// Whoever may run the bridge may not always look at the stream's messages: that is no fault.
func TestOnlineCheckWithoutTheRightToLookSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	s := startServer(t, &server.Options{JetStream: true, StoreDir: t.TempDir(), Users: []*server.User{
		{Username: "admin", Password: "p"},
		{Username: "bridge", Password: "p", Permissions: &server.Permissions{Publish: &server.SubjectPermission{
			Deny: []string{"$JS.API.STREAM.MSG.GET.>", "$JS.API.DIRECT.GET.>"},
		}}},
	}})
	as := func(user string) string { return strings.Replace(s.ClientURL(), "nats://", "nats://"+user+":p@", 1) }
	_, js := daemontest.Connect(t, as("admin"))
	for name, direct := range map[string]bool{"S": false, "DIRECT": true} {
		subject := strings.ToLower(name) + ".*"
		if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{
			Name: name, Subjects: []string{subject}, AllowDirect: direct,
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := js.Publish(t.Context(), strings.ToLower(name)+".1", []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	text := w.checked("  - {name: s, stream: S, cache: c, batch: {format: json}}\n"+
		"  - {name: direct, stream: DIRECT, cache: c, batch: {format: json}}\n", "--nats-url", as("bridge"))
	for _, want := range []string{
		"✓ route s: how many messages fit into a publish was not looked at: the NATS user may not publish to " +
			"$JS.API.STREAM.MSG.GET.S\n",
		"✓ route direct: how many messages fit into a publish was not looked at: the NATS user may not publish to " +
			"$JS.API.DIRECT.GET.DIRECT\n",
		"✓ ready to run",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("check does not say %q:\n%s", want, text)
		}
	}
}

// checked is what check --online says of these routes.
func (w *world) checked(routes string, more ...string) string {
	w.t.Helper()
	var out, log syncBuffer
	args := append([]string{"check", "--online", "-c", w.config("", routes)}, more...)
	if err := run(w.t.Context(), args, &out, &log); err != nil {
		w.t.Errorf("check = %v: %s", err, log.String())
	}
	return out.String()
}
