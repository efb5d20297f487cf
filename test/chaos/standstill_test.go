package chaos

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"momento-bridge/test/lab"
)

// twoRoutes are a route from a stream and one from core NATS.
const twoRoutes = `
  - {name: s, stream: S, subject: "s.>", cache: c}
  - {name: core, subject: "core.>", cache: k}`

// failsBad is an endpoint that always fails some messages.
func failsBad(p publish) int {
	if strings.HasPrefix(p.payload, "bad") {
		return http.StatusInternalServerError
	}
	return http.StatusNoContent
}

// One message that the endpoint always fails, at a quiet time, is not the only probe for ever: what comes later is
// published soon, and it goes to the dead letters once it has been failed for long enough while others were accepted.
func TestPoisonAtAQuietTimeIsNotTheOnlyProbe(t *testing.T) {
	t.Parallel()
	for _, bad := range pick([]int{10}, []int{1, 10}, []int{1, 10}) {
		t.Run(fmt.Sprint(bad), func(t *testing.T) {
			t.Parallel()
			w := stands(t, failsBad, twoRoutes)
			for i := range bad {
				w.publish("s", fmt.Sprint("t", i), fmt.Sprint("bad s ", i))
				w.publish("core", fmt.Sprint("t", i), fmt.Sprint("bad core ", i))
			}
			lab.Eventually(t, patience, "the endpoint is taken for down",
				func() bool { return w.d.Metric("momento_bridge_endpoint_down", "") == 1 })
			time.Sleep(pick(2*time.Second, 2*time.Second, 50*time.Second)) // Quiet.
			w.good(20)
			w.soon(40)
		})
	}
}

// What is failed for long while others are accepted becomes a dead letter, or waits by itself, counted and named.
func TestWhatIsFailedAloneIsGivenUpOrPutAside(t *testing.T) {
	t.Parallel()
	w := stands(t, failsBad, `
  - {name: s, stream: S, subject: "s.>", cache: c, give_up_after: 1s, dead_letter: {subject: dead.s}}
  - {name: core, subject: "core.>", cache: k}`)
	w.publish("s", "t0", "bad s")
	w.publish("core", "t0", "bad core")
	given := func() bool {
		w.publish("s", "good", "a")
		w.publish("core", "good", "a")
		return w.d.settledAs("dead_lettered") == 1 && w.d.Metric("momento_bridge_messages_put_aside",
			`route="core"`) == 1
	}
	lab.Eventually(t, patience, "one is given up and the other one put aside", given)
	lab.Eventually(t, patience, "the daemon is ready in spite of a single message", w.d.Ready)
	lab.Eventually(t, patience, "status and log name what is put aside", func() bool {
		_, status := w.d.Get("/api/v1/status")
		return strings.Contains(status, "put aside") && strings.Contains(w.d.Output(), `topic \"core.t0\"`)
	})
}

// Ten topics that the key may not publish to hold no others, wherever they come from.
func TestForbiddenTopicsHoldNoOthers(t *testing.T) {
	t.Parallel()
	w := stands(t, func(p publish) int {
		if strings.Contains(p.topic, "bad") {
			return http.StatusForbidden
		}
		return http.StatusNoContent
	}, twoRoutes)
	for i := range 10 {
		w.publish("s", fmt.Sprint("bad", i), "x")
		w.publish("core", fmt.Sprint("bad", i), "x")
	}
	lab.Eventually(t, patience, "they are refused", func() bool { return w.e.status(http.StatusForbidden) >= 20 })
	w.good(100)
	w.soon(200)
	lab.Eventually(t, patience, "20 are counted",
		func() bool { return w.d.Metric("momento_bridge_messages_put_aside", "") == 20 })
}

// A Retry-After of a year is told of, and a reload tries at once.
func TestLongRetryAfterIsToldOfAndEndedByAReload(t *testing.T) {
	t.Parallel()
	var once sync.Once
	e := startScripted(t, false, func(p *peer) {
		for r := p.next(); r != nil; r = p.next() {
			refused := false
			once.Do(func() {
				refused = true
				p.refuse(r, reply(429, "Retry-After: 31536000\r\n", "slow down"))
			})
			if !refused {
				p.accept(r, noContent)
			}
		}
	})
	n := startNATS(t)
	n.stream("S", "s.>")
	d := startDaemon(t, settings{nats: n.Address, endpoint: e.url}.write(t))
	d.awaitReady()
	for i := range 20 {
		if _, err := n.js.Publish(t.Context(), fmt.Sprint("s.", i), []byte(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	var why string
	lab.Eventually(t, patience, "readiness says so", func() bool {
		var code int
		code, why = d.Get("/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(why, "asks for a long pause") &&
			strings.Contains(why, "tried again at 20")
	})
	lab.Eventually(t, patience, "so does the forecast", func() bool {
		_, status := d.Get("/api/v1/status")
		return strings.Contains(status, "never while the route stands still")
	})
	if !strings.Contains(d.Output(), "asks for a long pause") {
		t.Error("the log does not say so")
	}
	before := len(e.seen())
	d.Signal(syscall.SIGHUP)
	lab.Eventually(t, patience, "everything is published after a reload", func() bool {
		_, accepted := e.byPayload()
		return len(accepted) == 20
	})
	lab.Eventually(t, patience, "the daemon is ready again", d.Ready)
	t.Logf("%d requests before the reload; %s", before, why)
}

// standing is a daemon with a stream and a core route, and what is published to them.
type standing struct {
	t    *testing.T
	n    *natsServer
	e    *endpoint
	d    *daemon
	mu   sync.Mutex // Guards the following.
	came map[string]time.Time
	sent map[string]time.Time
}

func stands(t *testing.T, answer func(publish) int, routes string) *standing {
	t.Helper()
	w := &standing{t: t, n: startNATS(t), came: map[string]time.Time{}, sent: map[string]time.Time{}}
	w.n.stream("S", "s.>")
	w.n.stream("DEAD", "dead.>")
	w.e = startEndpoint(t, func(p publish) int {
		status := answer(p)
		if status == http.StatusNoContent {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.came[p.payload] = time.Now()
		}
		return status
	})
	w.d = startDaemon(t, settings{nats: w.n.Address, endpoint: w.e.url, routes: routes[1:]}.write(t))
	w.d.awaitReady()
	return w
}

func (w *standing) publish(route, topic, payload string) {
	w.t.Helper()
	w.mu.Lock()
	w.sent[payload] = time.Now()
	w.mu.Unlock()
	if err := w.n.conn.Publish(route+"."+topic, []byte(payload)); err != nil {
		w.t.Fatal(err)
	}
}

// good publishes so many messages on each route to topics of their own.
func (w *standing) good(n int) {
	for i := range n {
		w.publish("s", fmt.Sprint("good", i%20), fmt.Sprint("good s ", i))
		w.publish("core", fmt.Sprint("good", i%20), fmt.Sprint("good core ", i))
	}
}

// soon checks that all good messages are accepted without a long wait.
func (w *standing) soon(n int) {
	w.t.Helper()
	lab.Eventually(w.t, patience, "all others are accepted", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.came) == n
	})
	var waits []time.Duration
	w.mu.Lock()
	for payload, at := range w.came {
		waits = append(waits, at.Sub(w.sent[payload]))
	}
	w.mu.Unlock()
	slices.Sort(waits)
	p99 := waits[len(waits)*99/100]
	w.t.Logf("the others wait for %v at the p99", p99)
	timely(w.t, p99 <= 2*time.Second, "the others wait for %v at the p99", p99)
}
