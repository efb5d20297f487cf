package main

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"momento-bridge/daemon"
	"momento-bridge/emulator"
	"momento-bridge/test/lab"
	"momento-bridge/test/long"
)

func TestRunCarriesCoreAndStreamAndStopsClean(t *testing.T) {
	t.Parallel()
	w, got := newRecordedWorld(t)
	s := w.stream("ORDERS", "orders.>")
	for i := range 50 {
		w.publish(fmt.Sprintf("orders.%d.new", i%5), fmt.Sprint(i))
	}
	p := startDaemon(t, "-c", w.config("limits: {rate: unlimited}", `
  - {name: orders, stream: ORDERS, subject: "orders.>", cache: "my cache", topic: "o-{{wildcard(1)}}"}
  - {name: ticks, subject: "ticks.*", cache: other, content_type: text/plain, ordering: none}
`))
	p.awaitReady()
	for i := range 50 {
		_ = w.nats.Publish("ticks.t", fmt.Append(nil, i))
	}
	eventually(t, "all delivered", func() bool { return got.total() == 100 })
	eventually(t, "all are settled", func() bool {
		return p.metric(`messages_settled_total{outcome="published",route="orders"}`) == 50 &&
			p.metric(`messages_settled_total{outcome="published",route="ticks"}`) == 50
	})
	if n := len(got.topic("other/ticks.t")); n != 50 {
		t.Errorf("%d ticks, want 50", n)
	}
	if numbers := got.topic("my cache/o-0.new"); !slices.Equal(numbers, []string{
		"0", "5", "10", "15", "20", "25", "30",
		"35", "40", "45",
	}) {
		t.Errorf("orders of one topic arrived as %v", numbers)
	}
	for name, want := range map[string]float64{
		`messages_received_total{route="orders"}`:                    50,
		`messages_settled_total{outcome="published",route="orders"}`: 50,
		`publish_attempts_total{result="204",route="ticks"}`:         50,
		`publish_attempts_total{result="500",route="ticks"}`:         -1, // No such child: the labels are a closed set.
		`publish_attempts_total{result="5xx",route="ticks"}`:         0,
		`messages_queued{route="orders"}`:                            0,
		`source_dropped_total{route="ticks"}`:                        0,
		`consumer_pending{route="orders"}`:                           0,
		`route_state{route="orders",state="running"}`:                1,
		`end_to_end_seconds_count{route="orders"}`:                   50,
		`nats_connected`: 1,
	} {
		if v := p.metric(name); v != want {
			t.Errorf("%s = %g, want %g", name, v, want)
		}
	}
	_, metrics := p.get("/metrics")
	problems, err := promlint.New(strings.NewReader(metrics)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("the metrics' names and texts: %v %v", problems, err)
	}
	if err := p.stop(); err != nil {
		t.Errorf("run = %v", err)
	}
	info, err := s.Consumer(t.Context(), "momento-bridge-orders")
	if err != nil {
		t.Fatal(err)
	}
	if i := info.CachedInfo(); i.NumPending != 0 || i.NumAckPending != 0 {
		t.Errorf("the consumer has %d pending and %d unacknowledged", i.NumPending, i.NumAckPending)
	}
	if strings.Contains(p.log.String(), testKey) {
		t.Error("the log shows the key")
	}
}

func TestOrderHoldsThroughRefusalsAndErrors(t *testing.T) {
	t.Parallel()
	topics, each := 10, long.Or(100, 400)
	got := newRecord()
	var n atomic.Int64
	w := newWorld(t, emulator.Config{OnAccept: got.accepted, Script: func(string, string, []byte) int {
		switch i := n.Add(1); {
		case i%311 == 0:
			return 429
		case i%211 == 0:
			return 500
		}
		return 0
	}})
	w.stream("S", "s.*")
	w.fill(topics*each, func(i int) (string, string) { return fmt.Sprintf("s.%d", i%topics), fmt.Sprint(i / topics) })
	p := startDaemon(t, "-c", w.config("limits: {rate: 1000000}", `  - {name: s, stream: S, cache: c}`))
	eventually(t, "all delivered", func() bool { return got.total() >= topics*each })
	if err := p.stop(); err != nil {
		t.Errorf("run = %v", err)
	}
	for topic := range topics {
		numbers := got.topic(fmt.Sprintf("c/s.%d", topic))
		want := make([]string, each)
		for i := range want {
			want[i] = fmt.Sprint(i)
		}
		if !slices.Equal(numbers, want) {
			t.Errorf("topic %d has %d messages out of order or twice", topic, len(numbers))
		}
	}
}

func TestAnyNameArrivesAsOneSegment(t *testing.T) {
	t.Parallel()
	w, got := newRecordedWorld(t)
	subjects := []string{"n.a/b", "n.100%", "n.what?", "n.#", "n.é😀", "n.a+b&c=d", "n.%2F", "n.\\"}
	w.stream("S", "n.>")
	for _, s := range subjects {
		w.publish(s, s)
	}
	p := startDaemon(t, "-c",
		w.config("", `  - {name: s, stream: S, subject: "n.*", cache: "../c / %", topic: "..{{wildcard(1)}}.."}`))
	eventually(t, "all delivered", func() bool { return got.total() == len(subjects) })
	for _, s := range subjects {
		name := "../c / %/.." + strings.TrimPrefix(s, "n.") + ".."
		if list := got.topic(name); len(list) != 1 || list[0] != s {
			t.Errorf("topic %q got %q", name, list)
		}
	}
	if err := p.stop(); err != nil {
		t.Errorf("run = %v", err)
	}
}

// Each row of the design's table of verdicts, from NATS to the endpoint and back to the stream.
func TestEachAnswerEndsAsTheDesignSays(t *testing.T) {
	tests := map[string]struct {
		status    int // For the first attempts at the message "bad".
		attempts  int64
		outcome   string
		delivered bool
		dead      bool
	}{
		"400 is dead-lettered":          {400, 1, "dead_lettered", false, true},
		"413 is dead-lettered":          {413, 1, "dead_lettered", false, true},
		"401 parks until the key works": {401, 2, "published", true, false},
		"403 parks the topic":           {403, 1, "published", true, false},
		"404 parks the cache":           {404, 1, "published", true, false},
		"429 waits its turn":            {429, 3, "published", true, false},
		"500 is tried again":            {500, 3, "published", true, false},
		"503 is tried again":            {503, 3, "published", true, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newRecord()
			var tries atomic.Int64
			w := newWorld(t, emulator.Config{OnAccept: got.accepted, Script: func(_, _ string, body []byte) int {
				if string(body) == "bad" && tries.Add(1) <= tt.attempts {
					return tt.status
				}
				return 0
			}})
			w.stream("S", "s.*")
			dead := w.stream("DEAD", "dead.>")
			w.publish("s.a", "bad")
			w.publish("s.b", "good")
			p := startDaemon(t, "-c",
				w.config("", `  - {name: s, stream: S, cache: c, dead_letter: {subject: dead.s}}`))
			settled := func(outcome string) float64 {
				return p.metric(`messages_settled_total{outcome="` + outcome + `",route="s"}`)
			}
			eventually(t, "both settled", func() bool {
				all := settled("published")
				if tt.outcome != "published" {
					all += settled(tt.outcome)
				}
				return all == 2
			})
			if delivered := len(got.topic("c/s.a")) == 1; delivered != tt.delivered || len(got.topic("c/s.b")) != 1 {
				t.Errorf("delivered: bad %v, good %v", got.topic("c/s.a"), got.topic("c/s.b"))
			}
			if err := p.stop(); err != nil {
				t.Errorf("run = %v", err)
			}
			info, err := dead.Info(t.Context())
			if err != nil || (info.State.Msgs == 1) != tt.dead {
				t.Errorf("%d dead letters, %v", info.State.Msgs, err)
			}
		})
	}
}

func TestReplacedKeyEndsTheParking(t *testing.T) {
	t.Parallel()
	w, got := newRecordedWorld(t)
	w.emulator.SetAPIKey("another")
	w.stream("S", "s.*")
	w.publish("s.a", "x")
	p := startDaemon(t, "-c", w.config("", `  - {name: s, stream: S, cache: c}`))
	p.awaitNotReady("the API key is refused")
	if status, _ := p.get("/livez"); status != 200 {
		t.Errorf("/livez = %d while the key is refused: an outage must not restart the daemon", status)
	}
	if v := p.metric(`route_state{route="s",state="parked"}`); v != 1 {
		t.Errorf("parked = %g", v)
	}
	advice := "ut a valid key into the key file " + w.keyFile
	p.awaitNotReady(advice)
	if _, text := p.get("/api/v1/status"); strings.Count(text, advice) < 3 {
		t.Errorf("not all of summary, reasons and problems say %q: %s", advice, text)
	}
	w.writeKey("another")
	eventually(t, "published with the new key", func() bool { return got.total() == 1 })
	p.awaitReady()
	if err := p.stop(); err != nil {
		t.Errorf("run = %v", err)
	}
	for _, words := range []string{advice, "accepted again"} {
		if !strings.Contains(p.log.String(), words) {
			t.Errorf("the log does not say %q", words)
		}
	}
}

func TestAmbiguousOutcomeFollowsDelivery(t *testing.T) {
	t.Parallel()
	f := func(delivery, outcome string, wantCopies int) {
		t.Helper()
		faults, err := emulator.ParseFaults("reset:100%")
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, emulator.Config{Settings: emulator.Settings{Faults: faults}})
		w.stream("S", "s.*")
		w.publish("s.a", "x")
		p := startDaemon(t, "-c", w.config("", `  - {name: s, stream: S, cache: c, delivery: `+delivery+`}`))
		eventually(t, "an ambiguous attempt", func() bool { return p.metric(`ambiguous_total{route="s"}`) >= 1 })
		if wantCopies > 1 { // The endpoint comes to its senses.
			if err := w.emulator.Set(emulator.Settings{}); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, outcome,
			func() bool { return p.metric(`messages_settled_total{outcome="`+outcome+`",route="s"}`) == 1 })
		if n := w.emulator.Stats().Accepted; n < wantCopies || wantCopies == 1 && n != 1 {
			t.Errorf("%s: %d copies", delivery, n)
		}
		if err := p.stop(); err != nil {
			t.Errorf("run = %v", err)
		}
	}
	f("at-least-once", "published", 2)
	f("at-most-once", "dropped", 1)
}

func TestTooLargeIsDroppedWithoutARequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	w.stream("S", "s.*")
	w.publish("s.a", strings.Repeat("x", 4097))
	w.publish("s.a", strings.Repeat("x", 4096))
	p := startDaemon(t, "-c", w.config("", `  - {name: s, stream: S, cache: c}`))
	eventually(t, "the other published", func() bool { return w.emulator.Stats().Accepted == 1 })
	eventually(t, "dropped",
		func() bool { return p.metric(`messages_settled_total{outcome="rejected",route="s"}`) == 1 })
	if n := len(w.emulator.Stats().Rejected); n != 0 {
		t.Errorf("the endpoint saw the message: %v", w.emulator.Stats().Rejected)
	}
	if err := p.stop(); err != nil {
		t.Errorf("run = %v", err)
	}
	if !strings.Contains(p.log.String(), "too_large: 4097 bytes") {
		t.Error("the log does not say what was dropped and why")
	}
}

func TestRestartOnABacklogLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	got := newRecord()
	w := newWorld(t, emulator.Config{OnAccept: got.accepted, Settings: emulator.Settings{Latency: time.Millisecond}})
	w.stream("S", "s.*")
	n := long.Or(600, 3000)
	w.fill(n, func(i int) (string, string) { return fmt.Sprintf("s.%d", i%20), fmt.Sprint(i) })
	path := w.config("limits: {rate: unlimited}", `  - {name: s, stream: S, cache: c, ordering: none}`)
	for restart := range 4 {
		p := startDaemon(t, "-c", path)
		eventually(t, "some progress", func() bool { return got.total() >= (restart+1)*n/5 })
		if err := p.stop(); err != nil {
			t.Fatalf("restart %d: %v", restart, err)
		}
	}
	p := startDaemon(t, "-c", path)
	eventually(t, "all delivered", func() bool { return got.total() >= n })
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	if total := got.total(); total != n {
		t.Errorf("%d accepted of %d sent", total, n)
	}
}

func TestStopEndsInTimeWithAnEndpointThatHangs(t *testing.T) {
	t.Parallel()
	faults, err := emulator.ParseFaults("hang:100%")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, emulator.Config{Settings: emulator.Settings{Faults: faults}})
	p := startDaemon(t, "-c", w.config("shutdown_timeout: 7s\n", `  - {name: s, subject: "s.*", cache: c}`))
	p.awaitReady()
	for range 20 {
		_ = w.nats.Publish("s.a", []byte("x"))
	}
	eventually(t, "received", func() bool { return p.metric(`messages_received_total{route="s"}`) == 20 })
	err = p.stop()
	if exitStatus(err) != statusFailed || !strings.Contains(p.log.String(), "the drain budget ran out") {
		t.Errorf("run = %v, want that the budget ran out", err)
	}
	if log := p.log.String(); !strings.Contains(log, `"core_messages_lost":20`) {
		t.Error("the log does not say that 20 messages are lost")
	}
}

func TestTroubleIsNamedWithWhatToDo(t *testing.T) {
	t.Run("no NATS server", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, emulator.Config{})
		nobody := lab.FreeAddress()
		p := startDaemon(t, "--nats-url", "nats://"+nobody, "--subject", "a", "--cache", "c", "--endpoint",
			w.endpoint, "--api-key-file", w.keyFile)
		p.awaitNotReady("nats: not connected")
		eventually(t, "a complaint", func() bool {
			log := p.log.String()
			return strings.Contains(log, "cannot connect to NATS, still trying") &&
				strings.Contains(log, "check nats.url, the network and the server")
		})
		_ = p.stop()
	})
	t.Run("wrong NATS credential", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, emulator.Config{})
		guarded := startServer(t, &server.Options{Username: "u", Password: "p"})
		p := startDaemon(t, "--nats-url", guarded.ClientURL(), "--subject", "a", "--cache", "c", "--endpoint",
			w.endpoint, "--api-key-file", w.keyFile)
		p.awaitNotReady("nats: not connected")
		eventually(t, "a complaint", func() bool {
			return strings.Contains(p.log.String(), "the server refuses the credentials: check nats.creds_file")
		})
		_ = p.stop()
	})
	t.Run("no such stream", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, emulator.Config{})
		p := startDaemon(t, "--nats-url", w.server.ClientURL(), "--stream", "NOPE", "--cache", "c", "--endpoint",
			w.endpoint, "--api-key-file", w.keyFile)
		p.awaitNotReady("route default: stream NOPE does not exist: create it")
		eventually(t, "a complaint",
			func() bool { return strings.Contains(p.log.String(), "cannot consume, still trying") })
		if err := p.stop(); err != nil {
			t.Errorf("run = %v", err)
		}
	})
	t.Run("an endpoint that refuses connections", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, emulator.Config{})
		nobody := lab.FreeAddress()
		p := startDaemon(t, "--nats-url", w.server.ClientURL(), "--subject", "a.*", "--cache", "c",
			"--ordering", "none",
			"--endpoint", "http://"+nobody, "--api-key-file", w.keyFile)
		p.awaitReady()
		for i := range 20 {
			_ = w.nats.Publish(fmt.Sprint("a.", i), []byte("x"))
		}
		p.awaitNotReady("endpoint: down: connect to " + nobody)
		eventually(t, "a complaint", func() bool { return strings.Contains(p.log.String(), "the endpoint is down") })
		p.cancel()
	})
}

func TestExitStatusSaysWhatHappened(t *testing.T) {
	t.Parallel()
	f := func(want int, words string, args ...string) {
		t.Helper()
		var out, log syncBuffer
		err := run(t.Context(), args, &out, &log)
		if got := exitStatus(err); got != want || !strings.Contains(out.String()+log.String(), words) {
			t.Errorf("%v: status %d, output %q, want %d and %q", args, got, out.String()+log.String(), want, words)
		}
	}
	f(0, "momento-bridge dev", "version")
	f(0, "us-east-1        cell-us-east-1-1.prod.a.momentohq.com", "regions")
	f(0, "Available Commands", "--help")
	f(0, "momento-bridge run -c", "run", "--help")
	f(0, "bash completion", "completion", "bash")
	f(2, "unknown flag: --nope", "run", "--nope")
	f(2, `unknown command "ruin" (did you mean "run"?)`, "ruin")
	f(2, "unknown command \"x\"", "regions", "x")
	f(2, `unknown command "exmple" (did you mean "example"?)`, "config", "exmple")
	f(2, `unknown command "tcsh"`, "completion", "tcsh")
	f(2, "unknown command \"x\"", "completion", "bash", "x")
	f(2, `unknown command "ruin" (did you mean "run"?)`, "help", "ruin")
	f(2, `unknown command "exmple" (did you mean "example"?)`, "help", "config", "exmple")
	f(0, "momento-bridge run -c", "help", "run")
	f(0, "Available Commands", "help")
	f(2, "there is no configuration file no-such-file.yaml: check --config", "run", "-c", "no-such-file.yaml")
	f(2, "--fault: fault \"x\"", "emulator", "--fault", "x")
	f(2, "unknown limiter \"magic\"", "emulator", "--limiter", "magic")
	f(1, "open the listener of the emulator (--listen)", "emulator", "--listen", "256.0.0.1:1")
}

// Each failure that ends a command says what to do.
func TestFailuresSayWhatToDo(t *testing.T) {
	t.Setenv(daemon.KeyEnv, "k")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	address := taken.Addr().String()
	route := []string{"--subject", "a", "--cache", "c", "--nats-url", "nats://127.0.0.1:1"}
	local := append(slices.Clone(route), "--endpoint", "http://127.0.0.1:1")
	f := func(want int, words, command string, args ...string) {
		t.Helper()
		var out, log syncBuffer
		err := run(t.Context(), append([]string{command}, args...), &out, &log)
		if got := exitStatus(err); got != want || !strings.Contains(log.String(), words) {
			t.Errorf("%s %v: status %d, %q, want %d and %q", command, args, got, log.String(), want, words)
		}
	}
	f(1, "of admin.listen (--admin-listen): listen tcp "+address+": bind: address already in use\n"+
		"another program, perhaps another momento-bridge, listens there: stop it, or choose another port",
		"run", append(local, "--admin-listen", address)...)
	f(1, "give an address of this machine", "run", append(local, "--admin-listen", "192.0.2.1:9464")...)
	f(1, "stop it, or choose another port", "emulator", "--listen", address)
	f(2, "--api-key-file: read the API key from /nope: no such file or directory; correct the path", "run",
		append(local, "--api-key-file", "/nope")...)
	f(2, `unknown region "us-east1" (did you mean "us-east-1"?)`, "run", append(route, "--region", "us-east1")...)
	f(2, "no route has a dead_letter: there is nothing to replay; give the configuration", "replay", local...)
	f(2, "the configuration (--config): read .: is a directory", "run", "-c", ".")
	t.Setenv(daemon.KeyEnv, "")
	f(2, "no API key: set momento.api_key_file, --api-key-file, or the environment variable MOMENTO_API_KEY; or "+
		"momento.api_key_url for a token", "run", local...)
}
