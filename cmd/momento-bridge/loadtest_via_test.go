package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/report"
)

// via runs the command through NATS and a bridge.
func (w *world) via(ctx context.Context, args ...string) (*report.Report, string, error) {
	w.t.Helper()
	return w.loadtestRate(ctx, slices.Concat([]string{
		"--via", "nats", "--nats-url", w.server.ClientURL(), "--duration",
		"1s",
	}, args)...)
}

// bridge starts a daemon with a route and waits until it is ready.
func (w *world) bridge(route string) *process {
	w.t.Helper()
	p := startDaemon(w.t, "-c", w.config("limits: {rate: unlimited}", "  - {name: r, cache: c, "+route+"}\n"))
	p.awaitReady()
	return p
}

func TestNothingIsLostThroughTheBridge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, route string
		args        []string
	}{
		{"from core NATS", `subject: "load.test"`, []string{"--subject", "load.test"}},
		{"from core NATS, as text", `subject: "load.test", content_type: text/plain`, []string{
			"--subject", "load.test",
			"--size", "35",
		}},
		{"from a stream", `stream: S, subject: "load.test"`, []string{"--subject", "load.test", "--stream", "S"}},
		{
			"to several topics", `stream: S, subject: "load.*", topic: "{{wildcard(1)}}"`,
			[]string{"--subject", "load.x", "--stream", "S", "--topic", "x", "--topics", "3"},
		},
		{
			"in batches", `stream: S, subject: "load.test", batch: {format: json, linger: 20ms}`,
			[]string{"--subject", "load.test", "--stream", "S", "--arrivals", "poisson"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, emulator.Config{})
			w.stream("S", "load.>")
			w.bridge(c.route)
			r, log, err := w.via(t.Context(), append(c.args, "--rate", "200")...)
			if err != nil {
				t.Fatalf("%v\n%s", err, log)
			}
			d := r.Delivery
			if d.Sent == 0 || d.Sent != r.Trials[0].Accepted || d.Delivered != d.Sent ||
				d.Lost+d.Duplicates+d.Reordered+d.Discontinuities != 0 {
				t.Errorf("delivery %+v of %+v", d, r.Trials[0])
			}
			if d.Latency.Count != d.Delivered || !(*d.Latency.Min > 0) || r.Target.Via != "nats" {
				t.Errorf("%d latencies, at least %g, via %q", d.Latency.Count, *d.Latency.Min, r.Target.Via)
			}
			if !strings.Contains(log, "delivered") {
				t.Errorf("progress does not tell of delivery:\n%s", log)
			}
		})
	}
}

// An endpoint begins with a topic's last message: of another test, or of nobody known.
func TestWhatATopicHadBeforeIsNotCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	for _, before := range []string{"of nobody", `["mb1123456780000000000000000000a"]`} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/topics/c/load.test",
			strings.NewReader(before))
		request.Header.Set("Authorization", testKey)
		request.Header.Set("Content-Type", "text/plain")
		w.emulator.ServeHTTP(httptest.NewRecorder(), request)
	}
	if n := w.emulator.Stats().Accepted; n != 2 {
		t.Fatalf("%d were accepted before", n)
	}
	w.bridge(`subject: "load.test"`)
	r, _, err := w.via(t.Context(), "--rate", "100", "--subject", "load.test")
	if err != nil {
		t.Fatal(err)
	}
	if d := r.Delivery; d.Sent == 0 || d.Delivered != d.Sent || d.Lost+d.Duplicates+d.Reordered+d.Discontinuities != 0 {
		t.Errorf("delivery %+v", d)
	}
}

func TestDuplicatesAreSeen(t *testing.T) {
	t.Parallel()
	faults, err := emulator.ParseFaults("reset:10%")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, emulator.Config{Seed: 1, Settings: emulator.Settings{Faults: faults}})
	w.stream("S", "load.>")
	w.bridge(`stream: S, subject: "load.test", ordering: none`)
	r, _, err := w.via(t.Context(), "--rate", "200", "--duration", "2s", "--subject", "load.test", "--stream", "S")
	if err != nil {
		t.Fatal(err)
	}
	extra := w.emulator.Stats().Accepted - r.Delivery.Sent // A few of them are greetings.
	if d := r.Delivery; d.Lost != 0 || d.Sent > 100 && d.Duplicates == 0 || d.Duplicates > extra {
		t.Errorf("delivery %+v, the endpoint accepted %d more than were sent", d, extra)
	}
}

func TestLostMessagesAreSeen(t *testing.T) {
	t.Parallel()
	var n, refused atomic.Int64
	w := newWorld(t, emulator.Config{Script: func(_, _ string, body []byte) int {
		if bytes.Contains(body, []byte("ffffffff")) { // It only tries the way.
			return 0
		}
		if n.Add(1)%4 == 0 { // The bridge takes it for the message's fault, and there is no dead letter.
			refused.Add(1)
			return 400
		}
		return 0
	}})
	p := w.bridge(`subject: "load.test"`)
	r, log, err := w.via(t.Context(), "--rate", "20", "--duration", "3s", "--subject", "load.test", "--settle", "8s")
	late := p.metric(`messages_queued{route="r"}`)+p.metric(`messages_in_flight{route="r"}`) > 0 // The machine is busy.
	if d := r.Delivery; exitStatus(err) != statusFailed || d.Lost == 0 || int64(d.Lost) > refused.Load() && !late ||
		int64(d.Lost) < refused.Load()-1 || d.Delivered+d.Lost != d.Sent {
		t.Errorf("ended with %v, delivery %+v, refused %d", err, d, refused.Load())
	}
	if !strings.Contains(log, "messages were lost: ") {
		t.Errorf("it does not say so:\n%s", log)
	}
}

func TestReorderedMessagesAreSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Seed: 1, Settings: emulator.Settings{Jitter: 200 * time.Millisecond}})
	w.bridge(`subject: "load.test", ordering: none`)
	r, _, err := w.via(t.Context(), "--rate", "60", "--subject", "load.test")
	if d := r.Delivery; err != nil || d.Lost != 0 || d.Sent > 30 && d.Reordered == 0 {
		t.Errorf("ended with %v, delivery %+v", err, d)
	}
}

func TestCtrlCStillReportsTheDelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	w.bridge(`subject: "load.test"`)
	r, _, err := w.via(w.cancelledAfter(60), "--rate", "100", "--duration", "1h", "--subject", "load.test")
	// What is on its way when it ends counts as lost.
	if exitStatus(err) != statusInterrupted || r == nil || !r.Interrupted || r.Delivery.Delivered < 10 ||
		r.Delivery.Delivered+r.Delivery.Lost != r.Delivery.Sent {
		t.Fatalf("ended with %v and %+v", err, r)
	}
}

func TestViaNATSEndsWhenTheSubscriberIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	w.bridge(`subject: "load.test"`)
	var polls atomic.Int64
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && polls.Add(1) > 20 {
			rw.WriteHeader(http.StatusForbidden)
			return
		}
		w.emulator.ServeHTTP(rw, r)
	}))
	defer front.Close()
	r, log, err := w.via(t.Context(), "--rate", "50", "--duration", "1m", "--subject", "load.test",
		"--endpoint", front.URL)
	if exitStatus(err) != statusFailed || r == nil || r.Interrupted || !strings.Contains(r.Reason,
		"may not subscribe") {
		t.Errorf("ended with %v\n%s", err, log)
	}
}

// Otherwise it would look as if the bridge did not carry.
func TestViaNATSSaysThatThereIsNoPlaceForSubscribers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Settings: emulator.Settings{Documented: emulator.Documented{Subscriptions: 1}}})
	r, log, err := w.via(t.Context(), "--rate", "10", "--subject", "load.test", "--topics", "2")
	if r != nil || exitStatus(err) != statusFailed || !strings.Contains(log, "takes no more subscribers") {
		t.Errorf("ended with %v\n%s", err, log)
	}
}

func TestViaNATSSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Forbidden: []string{"c/secret"}})
	w.stream("S", "load.>")
	for _, c := range []struct{ args, want string }{
		{"--subject load.test --topic secret", "may not subscribe"},
		{"--subject elsewhere --stream S", "no stream takes the subject"},
		{"--subject load.test --stream T", "another stream than T takes the subject"},
		{"--subject load.test --nats-url nats://127.0.0.1:1", "connect to NATS nats://127.0.0.1:1"},
	} {
		r, log, err := w.via(t.Context(), append(strings.Fields(c.args), "--rate", "10")...)
		if r != nil || exitStatus(err) != statusFailed || !strings.Contains(log, c.want) {
			t.Errorf("%s: ended with %v\n%s", c.args, err, log)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tried, err := w.nats.Subscribe("load.test", func(*nats.Msg) { cancel() })
	if err != nil {
		t.Fatal(err)
	}
	if err := tried.AutoUnsubscribe(2); err != nil {
		t.Fatal(err)
	}
	// Nobody carries: it waits, and tries the way.
	if _, _, err := w.via(ctx, "--subject", "load.test", "--rate", "10"); exitStatus(err) != statusInterrupted {
		t.Errorf("without a bridge it ended with %v", err)
	}
}
