package daemon

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/canary"
	"momento-bridge/daemon/daemontest"
	"momento-bridge/test/long"
)

// try sends one message as the command does.
func (w *canaryWorld) try(more string, timeout time.Duration) CanaryPassage {
	w.t.Helper()
	t, err := NewCanaryTry(w.plan(more), timeout, slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	defer t.Close()
	if err := t.Open(w.t.Context()); err != nil {
		return CanaryPassage{Why: err.Error()}
	}
	return t.Pass(w.t.Context(), 1)
}

func TestOneMessageGoesThroughTheBridgeThatRuns(t *testing.T) {
	t.Parallel()
	w := newCanaryWorld(t)
	d := w.daemon(oftenCanary)
	d.await(canary.OK, "")
	p := w.try("", time.Minute)
	if p.Why != "" || p.Bridge != d.identity.member || p.Taken <= 0 || p.Seen < p.Taken {
		t.Errorf("it went %+v", p)
	}
	if r := d.Status().Routes[0]; r.Received != 0 {
		t.Errorf("it is among the traffic: %+v", r)
	}
	p = w.try("canary: {topic: another}", time.Minute)
	if !strings.Contains(p.Why, "goes to c/momento-bridge-canary") {
		t.Errorf("to another topic it went %+v", p)
	}
}

// longTry is so long that a message stops where it does, however busy the machine is.
const longTry = 20 * time.Second

func TestWithoutARunningBridgeOneMessageGoesThroughOneOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		plant   func(w *canaryWorld)
		timeout time.Duration
		why     string
	}{
		{"all is well", func(*canaryWorld) {}, time.Minute, ""},
		{
			"it goes nowhere", func(w *canaryWorld) { w.swallow.Store(true) }, longTry,
			"the endpoint has accepted it, and the subscriber has not got it",
		},
		{
			"it is refused", func(w *canaryWorld) { w.refuse.Store(http.StatusBadRequest) }, time.Minute,
			"the endpoint refuses it",
		},
		{
			"it is forbidden", func(w *canaryWorld) { w.refuse.Store(http.StatusForbidden) }, longTry,
			"may not publish to the canary's topic",
		},
		{
			"nobody may listen", func(w *canaryWorld) { w.deafen.Store(http.StatusForbidden) }, time.Minute,
			"the subscriber cannot listen: subscribe: the API key may not subscribe to the topic",
		},
		{"NATS is gone", func(w *canaryWorld) { w.nats.Shutdown() }, time.Minute, "connect to NATS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.timeout == longTry {
				long.Only(t)
			}
			w := newCanaryWorld(t)
			c.plant(w)
			p := w.try("", c.timeout)
			if c.why == "" && p.Why != "" || !strings.Contains(p.Why, c.why) {
				t.Errorf("it went %+v, want %q", p, c.why)
			}
		})
	}
}

// A stream takes what nobody carries, and NATS does not say that nobody is there.
func TestAStreamOfEverythingIsNoBridge(t *testing.T) {
	t.Parallel()
	w := newCanaryWorld(t)
	conn, err := nats.Connect(w.nats.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	_, err = conn.Subscribe(">", func(m *nats.Msg) {
		if m.Reply != "" && strings.HasSuffix(m.Subject, ".canary") {
			_ = m.Respond([]byte(`{"stream":"ALL","seq":1}`))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Flush(); err != nil {
		t.Fatal(err)
	}
	if p := w.try("", time.Minute); p.Why != "" || p.Bridge != "of this command" {
		t.Errorf("it went %+v", p)
	}
}

func TestWhoEndsATryIsNotToldThatItTookTooLong(t *testing.T) {
	t.Parallel()
	w := newCanaryWorld(t)
	w.swallow.Store(true)
	try, err := NewCanaryTry(w.plan(""), time.Hour, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer try.Close()
	if err := try.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if p := try.Pass(ctx, 1); p.Why != "it was not waited for" {
		t.Errorf("it went %+v", p)
	}
}

func TestWhereSeveralCachesAreMeantOneIsToBeNamed(t *testing.T) {
	t.Parallel()
	w := newCanaryWorld(t)
	p := w.plan("")
	p.file.Routes = append(p.file.Routes, p.file.Routes[0])
	p.file.Routes[1].Cache = "another"
	if _, err := NewCanaryTry(p, time.Second, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("it takes one of several caches")
	}
}

func TestWhatABridgeTellsLateOfAMessageIsNotTakenForTheNext(t *testing.T) {
	t.Parallel()
	w := newCanaryWorld(t)
	try, err := NewCanaryTry(w.plan(""), 300*time.Millisecond, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer try.Close()
	conn, _ := daemontest.Connect(t, w.nats.ClientURL())
	first := ""
	tell := func(reply, stage string) {
		text, _ := json.Marshal(canaryNews{"slow", try.to.cache, try.to.topic, stage, "of the first"})
		_ = conn.Publish(reply, text)
	}
	_, err = conn.Subscribe(canarySubject(&try.plan.file.Config), func(m *nats.Msg) {
		if first == "" {
			first = m.Reply
			return
		}
		tell(first, stageAccepted)
		tell(first, stageRefused)
		tell(m.Reply, stageTaken)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Flush(); err != nil {
		t.Fatal(err)
	}
	try.conn, _ = daemontest.Connect(t, w.nats.ClientURL())
	try.end, try.inbox = func() {}, try.conn.NewInbox()
	if _, err = try.conn.ChanSubscribe(try.inbox+".*", try.news); err != nil {
		t.Fatal(err)
	}
	try.Pass(t.Context(), 1)
	try.timeout = 15 * time.Second // It is taken in time, however busy the machine is.
	p := try.Pass(t.Context(), 2)
	if p.Taken == 0 || p.Accepted != 0 || !strings.Contains(p.Why, "the endpoint has not accepted it") {
		t.Errorf("the second went %+v", p)
	}
}
