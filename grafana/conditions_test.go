package grafana

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"momento-bridge/test/lab"

	"github.com/nats-io/nats.go/jetstream"
)

// normal is two replicas with steady load, an idle route, and a route that is paused on purpose while messages wait.
// They are restarted, get another key, are refused for a moment, and in the end the paused route goes on. No alert
// fires.
func normal(w *world) {
	w.stream("S", "s.>")
	w.stream("P", "p.>")
	const routes = `  - {name: s, stream: S, subject: "s.>", cache: c}
  - {name: ticks, subject: "ticks.>", cache: c, ordering: none}
  - {name: idle, subject: "idle.>", cache: c}
  - {name: paused, stream: P, subject: "p.>", cache: c}`
	a := w.daemon("a", "limits: {rate: auto}", routes)
	b := w.daemon("b", "limits: {rate: auto}", routes)
	a.post("/api/v1/pause?route=paused")
	b.post("/api/v1/pause?route=paused")
	w.load(30, "s.%d")
	w.load(10, "ticks.%d")
	w.fill(waitingWhilePaused, "p.%d")
	time.Sleep(20 * time.Second)
	replicasAreAddedOnce(w)
	lint(w.t, string(a.Metrics()))
	_ = b.Stop()
	b.start()
	b.post("/api/v1/pause?route=paused")
	w.writeKey("another-key")
	time.Sleep(10 * time.Second)
	w.fault("429:100%")
	time.Sleep(300 * time.Millisecond)
	w.fault("")
	time.Sleep(10 * time.Second)
	a.post("/api/v1/resume?route=paused")
	b.post("/api/v1/resume?route=paused")
	time.Sleep(30 * time.Second)
	got, err := w.s.query(fmt.Sprintf("count_over_time(ALERTS{job=%q, alertstate=\"firing\"}[10m])", w.job))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range got {
		w.t.Errorf("an alert fired in normal operation: %v", r.Metric)
	}
}

// faulty is a fault of the endpoint towards a daemon, until it has caused the alerts.
func (w *world) faulty(more, keys string, perSecond int, fault string, alerts ...string) {
	w.t.Helper()
	w.stream("S", "s.>")
	w.daemon("a", more, route(keys))
	w.load(perSecond, "s.%d")
	w.fault(fault)
	w.mustFire(alerts...)
	w.fault("")
	w.mustResolve(alerts...)
}

// stopped is an endpoint that fails.
func stopped(w *world) {
	w.faulty("", "", 20, "500:100%", "MomentoBridgeEndpointDown", "MomentoBridgeNotPublishing")
}

// key is a key that is refused and expires soon, until another one is written.
func key(w *world) {
	claims := fmt.Sprintf(`{"t":"g","exp":%d}`, time.Now().Add(time.Hour).Unix())
	part := base64.RawURLEncoding.EncodeToString
	w.writeKey(part([]byte(`{"alg":"none"}`)) + "." + part([]byte(claims)) + "." + part([]byte("signature")))
	w.stream("S", "s.>")
	w.daemon("a", "", route(""))
	w.load(20, "s.%d")
	w.mustFire("MomentoBridgeKeyRefused", "MomentoBridgeKeyExpiring", "MomentoBridgeKeyExpiringToday")
	w.mustShow("When does the API key expire?")
	w.writeKey("the-key")
	w.mustResolve("MomentoBridgeKeyRefused", "MomentoBridgeKeyExpiring", "MomentoBridgeKeyExpiringToday")
}

// vended is a token vending machine that breaks.
func vended(w *world) {
	var broken atomic.Bool
	machine := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		if broken.Load() {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintf(rw, `{"authToken":"key-%d","expiresAt":%d}`, time.Now().UnixNano(),
			time.Now().Add(20*time.Second).Unix())
	}))
	w.t.Cleanup(machine.Close)
	w.stream("S", "s.>")
	w.daemon("a", fmt.Sprintf("momento: {endpoint: %q, api_key_url: %q}", w.endpoint.URL, machine.URL), route(""))
	time.Sleep(25 * time.Second) // One renewal.
	if w.s.fires(w.t, "MomentoBridgeKeyNotRenewed", w.job) {
		w.t.Error("the alert fires although the key is renewed")
	}
	w.mustShow("Life of vended keys")
	broken.Store(true)
	w.mustFire("MomentoBridgeKeyNotRenewed")
	broken.Store(false)
	w.mustResolve("MomentoBridgeKeyNotRenewed")
}

// forbidden is a key that may not publish to some topics, then to none.
func forbidden(w *world) {
	w.stream("S", "s.>")
	w.daemon("a", "", route(""))
	w.load(20, "s.%d")
	w.fault("403:30%")
	w.mustFire("MomentoBridgeForbidden")
	if w.s.fires(w.t, "MomentoBridgeRouteParked", w.job) {
		w.t.Error("the route is told to be parked although it publishes")
	}
	w.fault("403:100%")
	w.mustFire("MomentoBridgeRouteParked")
	w.fault("")
	w.mustResolve("MomentoBridgeForbidden", "MomentoBridgeRouteParked")
}

// throttled is a quota that refuses half of what comes, whatever the rate.
func throttled(w *world) {
	w.faulty("limits: {rate: auto}", "", 10, "429:50%", "MomentoBridgeThrottled")
}

// quota is one that is smaller than what comes, and is raised.
func quota(w *world) {
	w.stream("S", "s.>")
	w.daemon("a", "limits: {rate: auto}", route(", batch: {format: none}"))
	w.load(60, "s.%d")
	w.mustFire("MomentoBridgeFallingBehind")
	w.set(`{"rate": 5000, "burst": 500}`)
	w.mustResolve("MomentoBridgeFallingBehind")
}

// throughput is an endpoint that accepts fewer bytes than come: a rate for them stays in force. Falling behind is not
// the matter here.
func throughput(w *world) {
	const most, burst = 500.0, 500.0 // Bytes per second, of 950 or so that come, and bytes.
	var mu sync.Mutex
	left, at := burst, time.Now()
	endpoint := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		now := time.Now()
		left, at = min(burst, left+most*now.Sub(at).Seconds()), now
		if size := float64(r.ContentLength); size <= left {
			left -= size
			rw.WriteHeader(http.StatusNoContent)
			return
		}
		rw.WriteHeader(http.StatusTooManyRequests)
		_, _ = rw.Write([]byte(`{"message":"throughput limit exceeded"}`))
	}))
	w.t.Cleanup(endpoint.Close)
	w.stream("S", "s.>")
	w.daemon("a", fmt.Sprintf("momento: {endpoint: %q, api_key_file: %q}", endpoint.URL, w.keyFile),
		route(", batch: {format: lines, max_bytes: 200}"))
	w.load(50, "s.%d")
	w.mustShow("Throughput in force and learned", "Messages of a publish") // No other condition does.
}

// poison is messages that the endpoint rejects, on a route that keeps dead letters and one that does not.
func poison(w *world) {
	w.stream("S", "s.>")
	w.stream("P", "p.>")
	w.stream("DEAD", "dead.>")
	w.daemon("a", "",
		route(", dead_letter: {subject: dead.s}")+"\n"+`  - {name: p, stream: P, subject: "p.>", cache: c}`)
	w.load(20, "s.%d")
	w.load(20, "p.%d")
	w.fault("400:20%")
	w.mustFire("MomentoBridgeDeadLetters", "MomentoBridgeRejectedAndDropped")
	w.fault("")
	w.mustResolve("MomentoBridgeDeadLetters", "MomentoBridgeRejectedAndDropped")
}

// flood is more than a core NATS route can hold, and a route whose messages expire.
func flood(w *world) {
	w.stream("S", "s.>")
	w.fill(100, "s.%d")
	w.set(`{"latency": "100ms"}`)
	w.daemon("a", "queue: {max_messages: 64, max_bytes: 1MiB}\nlimits: {rate: 20}",
		route(", max_age: 1s")+"\n"+`  - {name: core, subject: "core.>", cache: c, ordering: none}`)
	time.Sleep(3 * time.Second)
	payload := []byte(strings.Repeat("x", 1024))
	for i := range 50_000 {
		if err := w.conn.Publish(fmt.Sprintf("core.%d", i%100), payload); err != nil {
			w.t.Fatal(err)
		}
	}
	w.mustFire("MomentoBridgeCoreDrops")
	w.set(`{"latency": "0s"}`)
	w.mustResolve("MomentoBridgeCoreDrops")
}

// unclear is an endpoint that breaks connections and hangs.
func unclear(w *world) {
	impatient := fmt.Sprintf("momento: {endpoint: %q, api_key_file: %q, timeout: 500ms}", w.endpoint.URL, w.keyFile)
	w.faulty(impatient, ", ordering: none", 50, "reset:10%,hang:2%", "MomentoBridgeAmbiguous")
}

// natsTrouble is a server that hangs, one that is away, and a stream that is deleted.
func natsTrouble(w *world) {
	w.stream("S", "s.>")
	w.daemon("a", "", route(""))
	w.load(20, "s.%d")
	time.Sleep(3 * time.Second)
	w.nats.Signal(syscall.SIGSTOP)
	w.mustFire("MomentoBridgeHeartbeatsMissed")
	w.nats.Signal(syscall.SIGCONT)
	_ = w.nats.Stop()
	w.mustFire("MomentoBridgeNATSDisconnected")
	must(w.t, w.nats.Start(w.t.Context()))
	w.mustResolve("MomentoBridgeNATSDisconnected")
	if err := w.js.DeleteStream(w.t.Context(), "S"); err != nil {
		w.t.Fatal(err)
	}
	w.mustFire("MomentoBridgeNotConsuming")
	w.stream("S", "s.>")
	w.mustResolve("MomentoBridgeNotConsuming", "MomentoBridgeHeartbeatsMissed")
}

// again is somebody else who takes messages of the same consumer and gives them back.
func again(w *world) {
	w.stream("S", "s.>")
	w.daemon("a", "", route(""))
	w.load(50, "s.%d")
	var other jetstream.Consumer
	lab.Eventually(w.t, patience, "the consumer exists", func() bool {
		var err error
		other, err = w.js.Consumer(w.t.Context(), "S", "momento-bridge-s")
		return err == nil
	})
	taking, err := other.Consume(func(m jetstream.Msg) { _ = m.Nak() }, jetstream.PullMaxMessages(2))
	if err != nil {
		w.t.Fatal(err)
	}
	defer taking.Stop()
	w.mustFire("MomentoBridgeRedelivered")
	taking.Stop()
	w.mustResolve("MomentoBridgeRedelivered")
}

// old is a backlog of more than a minute, worked off slowly.
func old(w *world) {
	w.stream("S", "s.>")
	w.fill(1300, "s.%d")
	time.Sleep(62 * time.Second)
	w.daemon("a", "limits: {rate: 30}", route(""))
	w.mustFire("MomentoBridgeMessagesOld")
	w.mustResolve("MomentoBridgeMessagesOld")
}

// restarts is a daemon that is killed again and again, and stays away for a while.
func restarts(w *world) {
	w.stream("S", "s.>")
	d := w.daemon("a", "", route(""))
	w.load(20, "s.%d")
	for range 4 {
		time.Sleep(4 * time.Second)
		d.Kill()
		d.start()
	}
	w.mustFire("MomentoBridgeRestarting")
	d.Kill()
	w.mustFire("MomentoBridgeDown")
	d.start()
	w.mustResolve("MomentoBridgeDown", "MomentoBridgeRestarting")
}
