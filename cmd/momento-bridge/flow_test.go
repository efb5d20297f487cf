package main

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"momento-bridge/admin"
	"momento-bridge/emulator"
)

// contradiction says which parts of a status are not true together; empty if all may be.
func contradiction(s *admin.Status) string {
	var waiting int64
	for i := range s.Routes {
		r := &s.Routes[i]
		waiting += r.Waiting
		number := r.ForecastKind == admin.KeepingUp || r.ForecastKind == admin.Drains
		said := strings.HasPrefix(r.Forecast, "not known")
		switch {
		case number == (r.DrainSeconds == nil), said != (r.ForecastKind == admin.UnknownForecast),
			strings.HasPrefix(r.Forecast, "never") != (r.ForecastKind == admin.Never),
			r.Waiting < int64(r.Queued+r.InFlight)+r.Unacknowledged,
			r.ForecastKind == admin.KeepingUp && r.OldestSeconds != nil && *r.OldestSeconds > 3 && r.PutAside == 0:
			return fmt.Sprintf("route %+v", r)
		}
	}
	switch {
	case waiting != s.Queue.Waiting, s.State == admin.Idle && waiting > 0,
		strings.Contains(s.Summary, "nothing waits.") && waiting > 0:
		return fmt.Sprintf("%s: %s, with %d waiting", s.State, s.Summary, waiting)
	}
	return ""
}

// Whoever has died left what it held to its time: until then that waits, though nothing moves.
func TestWhatIsUnacknowledgedElsewhereWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	w.stream("S", "s.*")
	consumer := w.consumer("S", jetstream.ConsumerConfig{Durable: "momento-bridge-s", AckWait: 5 * time.Minute})
	p := startDaemon(t, "-c", w.config("", "  - {name: s, stream: S, cache: c, ordering: none}"))
	p.awaitReady()
	var strayed []jetstream.Msg // What another client takes, in turns with the daemon.
	taken, err := consumer.Fetch(2, jetstream.FetchMaxWait(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	for len(strayed) < 2 {
		w.publish("s.a", "x")
		select {
		case m := <-taken.Messages():
			strayed = append(strayed, m)
		case <-time.After(10 * time.Millisecond):
		}
	}
	n := int64(len(strayed))
	var s admin.Status
	said := fmt.Sprintf("%d messages were given out before and come again within ack_wait (300 s)", n)
	eventually(t, "they wait", func() bool {
		s = p.status()
		if text := contradiction(&s); text != "" {
			t.Error(text)
		}
		return strings.Contains(s.Summary, said)
	})
	r := s.Routes[0]
	if r.Waiting != n || r.Unacknowledged != n || r.LimitedBy != "nats" || r.ForecastKind != admin.UnknownForecast ||
		s.State == admin.Idle {
		t.Errorf("%s: %+v", s.State, r)
	}
	if drain := p.metric(`drain_seconds{route="s"}`); !math.IsNaN(drain) {
		t.Errorf("drain_seconds is %v", drain)
	}
	for _, m := range strayed {
		if err := m.Ack(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "nothing waits", func() bool { s = p.status(); return s.State == admin.Idle && s.Queue.Waiting == 0 })
	_ = p.stop()
}

// Each answer is true from the first one on: while messages wait, nobody says that none do.
func TestStatusIsTrueWhileADaemonStarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	w.stream("S", "s.*")
	const messages = 40
	w.fill(messages, func(i int) (string, string) { return fmt.Sprint("s.", i%3), "x" })
	p := startDaemon(t, "-c", w.config("limits: {rate: 20}", "  - {name: s, stream: S, cache: c}"))
	eventually(t, "everything is published", func() bool {
		if code, _ := p.get("/livez"); code != 200 {
			return false
		}
		before := w.emulator.Stats().Accepted
		s := p.status()
		if text := contradiction(&s); text != "" {
			t.Error(text)
		}
		if s.State == admin.Idle && w.emulator.Stats().Accepted < messages {
			t.Errorf("%s after %d of %d are published", s.Summary, before, messages)
		}
		return before == messages
	})
	_ = p.stop()
}

// What NATS has said last is no forecast while it is away.
func TestNothingIsForecastWhileNATSIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	w.stream("S", "s.*")
	w.fill(3000, func(int) (string, string) { return "s.a", "x" })
	p := startDaemon(t, "-c", w.config("limits: {rate: 100}\nshutdown_timeout: 6s",
		"  - {name: s, stream: S, cache: c}"))
	p.awaitReady()
	var s admin.Status
	eventually(t, "a number", func() bool { s = p.status(); return s.Routes[0].ForecastKind == admin.Drains })
	w.server.Shutdown()
	eventually(t, "no number", func() bool {
		s = p.status()
		if text := contradiction(&s); text != "" {
			t.Error(text)
		}
		return s.State == admin.Disconnected
	})
	if r := s.Routes[0]; r.ForecastKind != admin.UnknownForecast || r.Waiting == 0 ||
		!strings.Contains(r.Forecast, "waiting when it told of that last") {
		t.Errorf("%+v", r)
	}
	_ = p.stop()
}
