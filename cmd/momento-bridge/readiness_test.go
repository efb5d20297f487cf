package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"momento-bridge/admin"
	"momento-bridge/emulator"
)

// trouble is one thing that keeps a daemon from carrying messages, and what /readyz says of it.
type trouble struct {
	emulator emulator.Config
	config   func(t *testing.T, w *world) string
	befall   func(w *world)
	reasons  []string
}

// page is an endpoint that answers a status and a web page that shows all that it was sent.
func page(t *testing.T, status int) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<html><title>Sign in</title>%s %s %v", r.RequestURI, r.Header.Get("Authorization"), r.Header)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// echo is an endpoint that answers a status and all that it was sent.
func echo(t *testing.T, status int) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		fmt.Fprintf(w, "%s\n%s\n%v", r.RequestURI, r.Header.Get("Authorization"), r.Header)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestReadinessSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	t.Parallel()
	stream := func(text string) func(*testing.T, *world) string {
		return func(_ *testing.T, w *world) string {
			w.stream("S", "s")
			return w.config("", "  - {name: s, stream: S, cache: c"+text+"}")
		}
	}
	at := func(endpoint func(*testing.T, int) string, status int) func(*testing.T, *world) string {
		return func(t *testing.T, w *world) string {
			w.endpoint = endpoint(t, status)
			w.stream("S", "s")
			return w.config("", "  - {name: s, stream: S, cache: c}")
		}
	}
	const notMomento = "this is not Momento's API; check momento.endpoint"
	publish := func(w *world) { w.publish("s", "xx") }
	for name, tt := range map[string]trouble{
		"NATS refuses": {config: func(t *testing.T, w *world) string {
			url := secured(t, &server.User{Username: "me", Password: "another"})
			return w.routes(strings.Replace(url, "//", "//me:"+testKey+"@", 1), w.endpoint, "",
				"{name: s, subject: s, cache: c}")
		}, reasons: []string{"nats: not connected: ", "the server refuses the credentials: check nats.creds_file"}},
		"NATS does not begin with TLS": {config: func(_ *testing.T, w *world) string {
			text, err := os.ReadFile(w.config("", "  - {name: s, subject: s, cache: c}"))
			if err != nil {
				w.t.Fatal(err)
			}
			return w.writeConfig(strings.Replace(string(text), "nats: {", "nats: {tls: {handshake_first: true}, ", 1))
		}, reasons: []string{"nats: not connected: ", "leave nats.tls.handshake_first away"}},
		"a stream is missing": {
			config:  func(_ *testing.T, w *world) string { return w.config("", "  - {name: s, stream: S, cache: c}") },
			reasons: []string{"route s: stream S does not exist: create it"},
		},
		"a consumer is missing": {
			config: stream(", create_consumer: false"),
			reasons: []string{"route s: consumer momento-bridge-s of stream S does not exist: create it or set " +
				"create_consumer: true"},
		},
		"a subscription is not allowed": {config: func(t *testing.T, w *world) string {
			url := secured(t, &server.User{
				Username: "me", Password: testKey,
				Permissions: &server.Permissions{Subscribe: &server.SubjectPermission{Deny: []string{"s"}}},
			})
			return w.routes(strings.Replace(url, "//", "//me:"+testKey+"@", 1), w.endpoint, "",
				"{name: s, subject: s, cache: c}")
		}, reasons: []string{"route s: the NATS user may not subscribe to s with the queue group momento-bridge: " +
			"grant it"}},
		"the key is refused": {
			config: at(echo, 401), befall: publish,
			reasons: []string{"endpoint: the API key is refused: 401 ", "; put a valid key into the key file"},
		},
		"the key in the query is refused": {config: func(t *testing.T, w *world) string {
			w.stream("S", "s")
			return w.routes(w.server.ClientURL(), echo(t, 401), ", auth: query", "{name: s, stream: S, cache: c}")
		}, befall: publish, reasons: []string{"endpoint: the API key is refused: 401 /topics/…"}},
		"the endpoint fails": {
			config: at(echo, 500), befall: publish,
			reasons: []string{"endpoint: down: 500 ", "; check the endpoint and the network"},
		},
		"the endpoint rejects everything": {
			config: at(echo, 400), befall: func(w *world) {
				for range 2 * believed {
					publish(w)
				}
			},
			reasons: []string{
				"route s: the endpoint rejects whatever it publishes: 400 ",
				"; check what stands between here and Momento, and what the route publishes",
			},
		},
		"a proxy refuses": {
			config: at(echo, 407), befall: publish,
			reasons: []string{
				"endpoint: down: 407 ",
				": a proxy wants a user and a password; set them in momento.proxy",
			},
		},
		"a login page is all that comes": {
			config: at(page, 200), befall: publish,
			reasons: []string{`endpoint: down: 200 with a web page "Sign in": ` + notMomento},
		},
		"no key is vended": {config: func(t *testing.T, w *world) string {
			url := strings.Replace(echo(t, 500), "//", "//me:"+testKey+"@", 1) + "/" + testKey + "?token=" + testKey
			return w.vendedConfig(url, "  - {name: s, subject: s, cache: c}")
		}, reasons: []string{"key: no API key yet: fetch an API key from http://127.0.0.1:", "it answered 500, want " +
			"200 or 201: its own log may say why"}},
		"a cache is missing": {
			emulator: emulator.Config{Caches: []string{"other"}}, config: stream(""), befall: publish,
			reasons: []string{"route s: the cache c does not exist; create it or choose another one"},
		},
		"a topic is forbidden": {
			emulator: emulator.Config{Forbidden: []string{"c/s"}}, config: stream(""), befall: publish,
			reasons: []string{"route s: the API key may not publish to the topics; grant the permission or choose " +
				"other topics"},
		},
		"dead letters have no stream any more": {config: func(_ *testing.T, w *world) string {
			w.stream("D", "dead")
			w.stream("S", "s")
			return w.config("", "  - {name: s, stream: S, cache: c, max_payload: 1, dead_letter: {subject: dead}}")
		}, befall: func(w *world) {
			if err := w.js.DeleteStream(w.t.Context(), "D"); err != nil {
				w.t.Error(err)
			}
			publish(w)
		}, reasons: []string{"route s: 1 message waits to be kept as a dead letter: publish the dead letter to dead " +
			"(does a stream take that subject?)"}},
	} {
		t.Run(name, func(t *testing.T) { tt.test(t) })
	}
}

func (tt *trouble) test(t *testing.T) {
	t.Parallel()
	w := newWorld(t, tt.emulator)
	p := startDaemon(t, "-c", tt.config(t, w))
	if tt.befall != nil {
		p.awaitReady()
		tt.befall(w)
	}
	for _, reason := range tt.reasons {
		p.awaitNotReady(reason)
	}
	if status, body := p.get("/livez"); status != http.StatusOK {
		t.Errorf("/livez = %d %s", status, body)
	}
	if s := p.status(); s.State.Severity() != admin.Bad {
		t.Errorf("the status says %s: %s", s.State, s.Summary)
	}
	_, reasons := p.get("/readyz")
	for line := range strings.Lines(reasons) {
		if len(line) > 510 {
			t.Errorf("a reason has %d bytes", len(line))
		}
	}
	_, status := p.get("/api/v1/status")
	_, metrics := p.get("/metrics")
	_ = p.stop()
	for where, text := range map[string]string{
		"/readyz": reasons, "the status": status, "/metrics": metrics,
		"the log": p.log.String(),
	} {
		if strings.Contains(text, testKey) {
			t.Errorf("%s shows a secret:\n%s", where, text)
		}
	}
}

// secured is a NATS server with one user.
func secured(t *testing.T, user *server.User) (url string) {
	t.Helper()
	return startServer(t, &server.Options{Users: []*server.User{user}}).ClientURL()
}

// routes writes a configuration with one route.
func (w *world) routes(url, endpoint, more, route string) string {
	w.t.Helper()
	return w.writeConfig(fmt.Sprintf(
		"nats: {url: %q}\nmomento: {endpoint: %q, api_key_file: %q%s}\nroutes:\n"+
			"  - %s\n", url, endpoint, w.keyFile, more, route))
}
