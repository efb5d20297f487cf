package main

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/admin"
	"momento-bridge/daemon/daemontest"
	"momento-bridge/emulator"
)

// consumer makes a consumer.
func (w *world) consumer(stream string, cfg jetstream.ConsumerConfig) jetstream.Consumer {
	w.t.Helper()
	cfg.AckPolicy = jetstream.AckExplicitPolicy
	consumer, err := w.js.CreateConsumer(w.t.Context(), stream, cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	return consumer
}

func TestConsumerPausedOnTheServerIsNotReadyAndSaysUntilWhen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	stream := w.stream("S", "s")
	p := startDaemon(t, "-c", w.config("", "  - {name: s, stream: S, cache: c}"))
	p.awaitReady()
	if _, err := stream.PauseConsumer(t.Context(), "momento-bridge-s", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	w.publish("s", "x")
	const reason = "the consumer is paused on the server until "
	p.awaitNotReady("route s: " + reason)
	s := p.status()
	if s.State != admin.Parked || !strings.Contains(s.Summary, reason) || !strings.Contains(s.Summary,
		"`nats consumer resume S momento-bridge-s`") {
		t.Errorf("%s: %s", s.State, s.Summary)
	}
	if _, err := stream.ResumeConsumer(t.Context(), "momento-bridge-s"); err != nil {
		t.Fatal(err)
	}
	p.awaitReady()
	_ = p.stop()
	if !strings.Contains(p.log.String(), reason) || strings.Contains(p.log.String(), "messages come faster") {
		t.Error("the log does not say that the consumer is paused, or says something else")
	}
}

func TestStatusTellsOfAnotherClientThatHoldsAllMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	w.stream("S", "s")
	consumer := w.consumer("S", jetstream.ConsumerConfig{
		Durable: "momento-bridge-s", MaxAckPending: 1,
		AckWait: time.Minute,
	})
	w.publish("s", "1")
	w.publish("s", "2")
	held, err := consumer.Next(jetstream.FetchMaxWait(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	p := startDaemon(t, "-c", w.config("", "  - {name: s, stream: S, cache: c, ordering: none}"))
	p.awaitReady()
	var s admin.Status
	const reason = "another client holds 1 of max_ack_pending 1 messages of consumer momento-bridge-s"
	eventually(t, "the reason", func() bool { s = p.status(); return strings.Contains(s.Summary, reason) })
	if r := s.Routes[0]; s.State != admin.Parked || !s.Ready || r.LimitedBy != "nats" || !strings.HasPrefix(r.Forecast,
		"not known") {
		t.Errorf("%s, ready %t: %+v", s.State, s.Ready, r)
	}
	if err := held.Ack(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "published", func() bool { return w.emulator.Stats().Accepted == 1 })
	_ = p.stop()
}

func TestRefusedAcknowledgementsAreNotReadyAndNameThePermission(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	w.server = startServer(t, &server.Options{JetStream: true, StoreDir: t.TempDir(), Users: []*server.User{
		{Username: "admin", Password: "p"},
		{
			Username: "bridge", Password: "p",
			Permissions: &server.Permissions{Publish: &server.SubjectPermission{
				Allow: []string{">"},
				Deny:  []string{"$JS.ACK.>"},
			}},
		},
	}})
	url := func(user string) string { return strings.Replace(w.server.ClientURL(), "//", "//"+user+":p@", 1) }
	_, w.js = daemontest.Connect(t, url("admin"))
	w.stream("S", "s")
	w.publish("s", "x")
	path := w.routes(url("bridge"), w.endpoint, "", "{name: s, stream: S, cache: c}")
	p := startDaemon(t, "-c", path)
	const reason = "the NATS user may not publish to $JS.ACK.S.momento-bridge-s.>: grant it (docs/permissions.md)"
	p.awaitNotReady(reason)
	if s := p.status(); !strings.Contains(s.Summary, reason) {
		t.Errorf("%s: %s", s.State, s.Summary)
	}
	_ = p.stop()
	if n := w.emulator.Stats().Accepted; n != 0 {
		t.Errorf("%d published", n)
	}
	if !strings.Contains(p.log.String(), reason) {
		t.Error("the log does not name the permission")
	}
	var out, log syncBuffer
	if err := run(t.Context(), []string{"check", "-c", path, "--online"}, &out, &log); exitStatus(
		err) != statusFailed || !strings.Contains(out.String(), "✗ route s: permissions: "+reason) {
		t.Errorf("check = %v\n%s", err, out.String())
	}
}

// Everything is well as far as the configuration tells.
func TestOnlineCheckFindsWhatOnlyTheServerKnows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	stream := func(name string, cfg jetstream.StreamConfig) {
		t.Helper()
		cfg.Name, cfg.Subjects = name, []string{strings.ToLower(name) + ".>"}
		if _, err := w.js.CreateStream(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
	}
	stream("QUEUE", jetstream.StreamConfig{Retention: jetstream.WorkQueuePolicy})
	w.consumer("QUEUE", jetstream.ConsumerConfig{Durable: "other", FilterSubject: "queue.*"})
	stream("NEW", jetstream.StreamConfig{Retention: jetstream.WorkQueuePolicy})
	stream("LIMITED",
		jetstream.StreamConfig{ConsumerLimits: jetstream.StreamConsumerLimits{
			InactiveThreshold: time.Hour,
			MaxAckPending:     100,
		}})
	stream("GROUPS", jetstream.StreamConfig{})
	w.consumer("GROUPS", jetstream.ConsumerConfig{
		Durable:        "momento-bridge-groups",
		PriorityPolicy: jetstream.PriorityPolicyOverflow, PriorityGroups: []string{"g"},
	})
	stream("PAUSED", jetstream.StreamConfig{})
	until := time.Now().Add(time.Hour)
	w.consumer("PAUSED", jetstream.ConsumerConfig{
		Durable: "momento-bridge-paused", PauseUntil: &until,
		AckWait: time.Minute,
	})
	var out, log syncBuffer
	err := run(t.Context(), []string{"check", "--online", "-c", w.config("", `
  - {name: queue, stream: QUEUE, cache: c}
  - {name: new, stream: NEW, cache: c, deliver: new}
  - {name: limited, stream: LIMITED, cache: c}
  - {name: groups, stream: GROUPS, cache: c}
  - {name: paused, stream: PAUSED, cache: c}
`)}, &out, &log)
	if exitStatus(err) != statusFailed {
		t.Errorf("check = %v", err)
	}
	for _, words := range []string{
		"✗ route queue: consumer momento-bridge-queue: stream QUEUE is a work queue, where each message is for one " +
			"consumer, and consumer other ",
		"✗ route new: consumer momento-bridge-new: stream NEW is a work queue, where a consumer must deliver all: " +
			"set deliver: all",
		"! route limited: consumer momento-bridge-limited: the stream allows max_ack_pending 100, ",
		"! route limited: consumer momento-bridge-limited: the server deletes it when the bridge is stopped, or " +
			"away, for longer than its inactive_threshold of 1h0m0s: all that the stream has is published again",
		"✗ route groups: consumer momento-bridge-groups: ", `it has the priority groups ["g"]`,
		"! route paused: consumer momento-bridge-paused: the consumer is paused on the server until ",
		"`nats consumer resume PAUSED momento-bridge-paused`",
	} {
		if !strings.Contains(out.String(), words) {
			t.Errorf("check does not say %q:\n%s%s", words, out.String(), log.String())
		}
	}
}
