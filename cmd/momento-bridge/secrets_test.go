package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/daemon/daemontest"
	"momento-bridge/test/long"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	secretKey      = "kkkkkkkk-SECRET-KEY-kkkkkkkk/+=="
	secretPassword = "pppp-SECRET-PASSWORD-pppp"
	secretPayload  = "mmmm-SECRET-PAYLOAD-mmmm" //nolint:gosec // Not a credential.
	finePayload    = secretPayload + " fine"    // Is not rejected when others are.
)

// leakyEndpoint answers as it is told to, and echoes all it was given. One of its caches is missing, and one forbidden.
func leakyEndpoint(t *testing.T) (url string, mode *atomic.Int64, requests *atomic.Int64) {
	t.Helper()
	mode, requests = &atomic.Int64{}, &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		body, _ := io.ReadAll(r.Body)
		status := int(mode.Load())
		switch {
		case strings.HasPrefix(r.URL.Path, "/topics/missing/"):
			status = http.StatusNotFound
		case strings.HasPrefix(r.URL.Path, "/topics/forbidden/"):
			status = http.StatusForbidden
		}
		if status == http.StatusBadRequest && string(body) == finePayload {
			status = 0
		}
		switch status {
		case 0:
			w.WriteHeader(http.StatusNoContent)
		case -1:
			if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
				conn.Close()
			}
		default:
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"message":"%s with key %s is not good","detail":%q}`, body,
				strings.ReplaceAll(r.Header.Get("Authorization"), "/", `\/`), r.URL.String())
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, mode, requests
}

// guardedNATS starts a server with a password, on a port, with a store.
func guardedNATS(t *testing.T, port int, store string) *server.Server {
	t.Helper()
	return startServer(t, &server.Options{
		Port: port, JetStream: true, StoreDir: store, Username: "bridge", Password: secretPassword,
	})
}

// ordeal is a daemon to which everything happens.
type ordeal struct {
	*process

	w        *world
	url      string // Of NATS, with the password.
	port     int    // Where NATS is started again,
	store    string // with what it has.
	sent     int    // Messages of each route.
	rejected float64
	seen     strings.Builder // What the admin pages have said.
}

func newOrdeal(t *testing.T, endpoint string) *ordeal {
	t.Helper()
	o := &ordeal{port: daemontest.Port(t), store: t.TempDir()}
	o.w = &world{
		t: t, server: guardedNATS(t, o.port, o.store), endpoint: endpoint,
		keyFile: filepath.Join(t.TempDir(), "key"),
	}
	o.url = fmt.Sprintf("nats://bridge:%s@%s", secretPassword, o.w.server.Addr())
	o.w.nats, o.w.js = daemontest.Connect(t, o.url, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond),
		nats.ReconnectJitter(0, 0))
	o.w.stream("S", "s.*")
	o.w.stream("D", "d.*")
	o.w.stream("DEAD", "dead")
	o.w.writeKey(secretKey)
	o.process = startDaemon(t, "-c", o.w.writeConfig(fmt.Sprintf(`
nats: {url: %q}
momento: {endpoint: %q, api_key_file: %q, connections: 8, timeout: 500ms}
limits: {rate: unlimited}
log: {level: debug}
queue: {max_messages: 600}
shutdown_timeout: 5s
routes:
  - {name: kept, stream: S, cache: c, ordering: none, max_payload: 200, dead_letter: {subject: dead}}
  - {name: dropped, stream: D, cache: c, max_payload: 200}
  - {name: core, subject: "c.*", cache: c, ordering: none, max_payload: 200}
  - {name: missing, subject: "m.*", cache: missing}
  - {name: forbidden, subject: "f.*", cache: forbidden, ordering: none}
`, o.url, endpoint, o.w.keyFile)))
	o.awaitReady()
	return o
}

// look reads the admin pages.
func (o *ordeal) look() {
	for _, path := range []string{"/readyz", "/metrics", "/api/v1/status"} {
		_, body := o.get(path)
		o.seen.WriteString(body)
	}
}

// send publishes so many messages of each payload to each route. The payloads take turns, and begin with another on
// every other topic.
func (o *ordeal) send(n int, payloads ...string) {
	o.t.Helper()
	n *= len(payloads)
	o.sent += n
	message := func(route string, i int) (subject, payload string) {
		turn := i / len(payloads)
		return fmt.Sprintf("%s.%d", route, turn%20), payloads[(i+turn)%len(payloads)]
	}
	for i := range n {
		_, payload := message("c", i)
		_ = o.w.nats.Publish("c.x", []byte(payload))
		for _, route := range []string{"m", "f"} {
			subject, payload := message(route, i)
			_ = o.w.nats.Publish(subject, []byte(payload))
		}
	}
	o.w.fill(n, func(i int) (string, string) { return message("s", i) })
	o.w.fill(n, func(i int) (string, string) { return message("d", i) })
}

// reject sends messages of payloads the first of which is.
func (o *ordeal) reject(what string, n int, payloads ...string) {
	o.t.Helper()
	o.send(n, payloads...)
	o.rejected += 2 * float64(n)
	eventually(o.t, what, func() bool {
		for _, subject := range []string{"s.fine", "d.fine"} { // The last of them are believed if others are accepted.
			_ = o.w.nats.Publish(subject, []byte(finePayload))
		}
		return o.metric(`messages_settled_total{outcome="dead_lettered",route="kept"}`)+o.metric(
			`messages_settled_total{outcome="rejected",route="dropped"}`) >= o.rejected
	})
	o.look()
}

// await waits for attempts with this result.
func (o *ordeal) await(result string) {
	o.t.Helper()
	eventually(o.t, "attempts that end with "+result, func() bool {
		n := 0.0
		for _, route := range []string{"kept", "dropped", "core"} {
			n += o.metric(`publish_attempts_total{result="` + result + `",route="` + route + `"}`)
		}
		return n > 0
	})
	o.look()
}

// restartNATS stops NATS and starts it again.
func (o *ordeal) restartNATS() {
	o.t.Helper()
	o.w.server.Shutdown()
	o.w.server.WaitForShutdown()
	o.awaitNotReady("nats: not connected")
	o.look()
	o.w.server = guardedNATS(o.t, o.port, o.store)
	eventually(o.t, "connected again", func() bool { return o.metric("nats_connected") == 1 })
}

// Thousands of failures of every kind, at the most talkative level: what the daemon says stays short, and holds
// neither the key nor a payload nor the password of NATS.
func TestThousandsOfFailuresAreToldInAFewLinesWithoutASecret(t *testing.T) {
	t.Parallel()
	began := time.Now()
	endpoint, mode, requests := leakyEndpoint(t)
	o := newOrdeal(t, endpoint)
	mode.Store(400)
	// Rejections would not be believed if nothing else was accepted in between.
	o.reject("all of them rejected by the endpoint", long.Or(300, 1000), secretPayload, finePayload)
	o.reject("all of them rejected for their size", long.Or(300, 1000), secretPayload+strings.Repeat("x", 500))
	for _, m := range []struct {
		mode   int64
		result string
	}{{429, "429"}, {500, "5xx"}, {-1, "network"}, {401, "401"}} {
		mode.Store(m.mode)
		o.send(200, secretPayload)
		o.await(m.result)
	}
	for i := range 5 { // A key that changes again and again, and is refused.
		o.w.writeKey(secretKey + fmt.Sprint(i))
		eventually(t, "the next key in use",
			func() bool { return strings.Count(o.log.String(), "a new API key is in use") > i })
	}
	for range long.Or(1, 3) {
		o.restartNATS()
	}
	const published = `messages_settled_total{outcome="published",route="kept"}`
	before := o.metric(published)
	mode.Store(0)
	o.w.writeKey(secretKey)
	eventually(t, "messages published again", func() bool { return o.metric(published) > before })
	o.look()
	_ = o.stop()

	log := o.log.String()
	for what, text := range map[string]string{"the log": log, "an admin page": o.seen.String()} {
		for _, secret := range []string{"SECRET", secretKey, secretPassword, secretPayload} {
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("%s holds %q: …%s…", what, secret, text[max(0, i-300):min(len(text), i+100)])
			}
		}
	}
	lines := strings.Count(log, "\n")
	t.Logf("%d lines for %d messages, of which %g were rejected, in %d requests", lines, 5*o.sent, o.rejected,
		requests.Load())
	// What goes on for long is told again now and then.
	if usual := 100 + int(max(0, time.Since(began)-30*time.Second)/time.Second); lines > usual {
		t.Errorf("%d lines in the log:\n%s", lines, log)
	}
}
