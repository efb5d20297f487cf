package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"momento-bridge/daemon"
	"momento-bridge/emulator"
)

const (
	proxyUser     = "proxy-user"
	proxyPassword = "qqqq-SECRET-qqqq" //nolint:gosec // Not a credential.
)

// guardedProxy is a proxy for plain HTTP that wants user and password, and counts what it lets through. It returns
// its address with both.
func guardedProxy(t *testing.T) (address string, carried *atomic.Int64) {
	t.Helper()
	carried = &atomic.Int64{}
	forward := &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.Out.URL, r.Out.Host = r.In.URL, r.In.Host },
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := &http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
		if user, password, ok := asked.BasicAuth(); !ok || user != proxyUser || password != proxyPassword {
			w.Header().Set("Proxy-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if !r.URL.IsAbs() {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		carried.Add(1)
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "http://", "http://"+proxyUser+":"+proxyPassword+"@", 1), carried
}

// withProxy returns the arguments for a configuration of the world with a proxy.
func (w *world) withProxy(proxy string) []string {
	w.t.Helper()
	return []string{"-c", w.writeConfig(fmt.Sprintf(`
nats: {url: %q}
momento: {endpoint: %q, api_key_file: %q, proxy: %q, connections: 8}
log: {level: debug}
routes: [{name: s, stream: S, cache: c}]
`, w.server.ClientURL(), w.endpoint, w.keyFile, proxy))}
}

func hasNoProxySecret(t *testing.T, what, text string) {
	t.Helper()
	for _, secret := range []string{"SECRET", proxyUser, "cHJveHktdXNlcjpxcXFx"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s holds %q:\n%s", what, secret, text)
		}
	}
}

func TestDaemonPublishesThroughAProxy(t *testing.T) {
	t.Parallel()
	w, got := newRecordedWorld(t)
	w.stream("S", "s.*")
	w.publish("s.1", "x")
	proxy, carried := guardedProxy(t)
	address := "http://" + proxy[strings.IndexByte(proxy, '@')+1:]
	p := startDaemon(t, w.withProxy(proxy)...)
	eventually(t, "published", func() bool { return got.total() == 1 })
	p.awaitReady()
	said := ""
	for _, path := range []string{"/", "/readyz", "/metrics", "/api/v1/status"} {
		_, body := p.get(path)
		said += body
	}
	if err := p.stop(); err != nil {
		t.Errorf("run = %v", err)
	}
	if carried.Load() != 1 || !strings.Contains(p.log.String(), address+", from momento.proxy") {
		t.Errorf("the proxy has carried %d requests, and the log says\n%s", carried.Load(), p.log)
	}
	hasNoProxySecret(t, "the log", p.log.String())
	hasNoProxySecret(t, "a page", said)

	var out, log syncBuffer
	err := run(t.Context(), append([]string{"check", "--online"}, w.withProxy(proxy)...), &out, &log)
	text := out.String() + log.String()
	for _, words := range []string{
		"proxy      " + address + ", from momento.proxy\n",
		"✓ connect to the endpoint " + w.endpoint + " through the proxy " + address[7:] + " (the API itself",
	} {
		if err != nil || !strings.Contains(text, words) {
			t.Errorf("check ends with %v and says\n%swant %q", err, text, words)
		}
	}
	hasNoProxySecret(t, "check", text)
	if carried.Load() != 2 {
		t.Errorf("check has sent %d requests", carried.Load()-1)
	}

	out, log = syncBuffer{}, syncBuffer{}
	args := []string{"loadtest", "rate", "--cache", "c", "--rate", "20", "--duration", "1s", "--yes"}
	args = append(args, w.withProxy(proxy)...)
	if err := run(t.Context(), args, &out, &log); err != nil || carried.Load() < 3 {
		t.Errorf("the load test ends with %v after %d requests and says\n%s", err, carried.Load(), log.String())
	}
	hasNoProxySecret(t, "the load test", out.String()+log.String())
}

// A proxy that refuses, or is not there, is told from the endpoint, with what to do, and without its password.
func TestTroubleWithTheProxyIsToldFromTheEndpoints(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	w.stream("S", "s.*")
	w.publish("s.1", "x")
	closed := "http://" + refusingAddress(t)
	address := strings.TrimPrefix(closed, "http://")
	check := func(proxy, endpoint string) string {
		t.Helper()
		var out, log syncBuffer
		there := w.endpoint
		w.endpoint = endpoint
		err := run(t.Context(), append([]string{"check", "--online"}, w.withProxy(proxy)...), &out, &log)
		w.endpoint = there
		if text := out.String() + log.String(); exitStatus(err) == statusFailed {
			hasNoProxySecret(t, "check", text)
			return text
		}
		t.Errorf("check ends with %v and says\n%s", err, out.String()+log.String())
		return ""
	}
	f := func(proxy, endpoint string, want ...string) {
		t.Helper()
		text := check(proxy, endpoint)
		for _, words := range want {
			if !strings.Contains(text, words) {
				t.Errorf("check says\n%swant %q", text, words)
			}
		}
	}
	const user = "http://" + proxyUser + ":" + proxyPassword + "@"
	f(user+address, w.endpoint, "✗ connect to the endpoint "+w.endpoint+" through the proxy "+address+
		": the proxy cannot be reached: dial tcp "+address,
		"→ nothing listens there: start the proxy, or correct the host and port in momento.proxy")
	f(user+noSuchHost()+":3128", w.endpoint, "→ no such host: correct momento.proxy, or the name service")
	proxy, _ := guardedProxy(t)
	f(strings.Replace(proxy, "SECRET", "S3CRET", 1), w.endpoint,
		": the proxy refuses the user and password (407): correct them in momento.proxy\n")
	f("http://"+proxy[strings.IndexByte(proxy, '@')+1:], w.endpoint,
		": the proxy wants a user and a password (407): write momento.proxy as ")
	f(proxy, closed, ": the proxy answers 502 Bad Gateway; it may not reach "+address)
	f(proxy, "https://"+address,
		": the proxy answers 400 Bad Request; check that it is an HTTP proxy, and lets one connect to "+address+"\n")

	p := startDaemon(t, w.withProxy(user+address)...)
	p.awaitNotReady("through the proxy " + address + ": the proxy cannot be reached")
	_, status := p.get("/api/v1/status")
	_ = p.stop()
	hasNoProxySecret(t, "the log", p.log.String())
	hasNoProxySecret(t, "the status", status)
}

func TestCheckSaysWhichProxyIsUsedAndWhoseWordThatIs(t *testing.T) {
	t.Setenv(daemon.KeyEnv, "e30.eyJ0IjoiZyJ9.c2ln")
	const variable = "http://" + proxyUser + ":" + proxyPassword + "@proxy.example:3128"
	f := func(environment, setting, args string, status int, want ...string) {
		t.Helper()
		for _, name := range []string{
			"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY",
			"no_proxy",
		} {
			t.Setenv(name, "")
		}
		for word := range strings.FieldsSeq(environment) {
			name, value, _ := strings.Cut(word, "=")
			t.Setenv(name, value)
		}
		file := filepath.Join(t.TempDir(), "c.yaml")
		text := "momento: {" + setting + "}\nroutes: [{name: a, subject: a, cache: c}]\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, log syncBuffer
		err := run(t.Context(), append([]string{"check", "-c", file}, strings.Fields(args)...), &out, &log)
		got := out.String() + log.String()
		if exitStatus(err) != status {
			t.Errorf("%s %s: check ends with %v and says\n%s", environment, setting, err, got)
		}
		for _, words := range want {
			if rest, unwanted := strings.CutPrefix(words, "not "); unwanted == strings.Contains(got, rest) {
				t.Errorf("%s %s: check says\n%s%q", environment, setting, got, words)
			}
		}
		hasNoProxySecret(t, "check", got)
	}
	const region, plain = "--region us-east-1", "--endpoint http://10.0.0.1:1"
	f("", "", region, statusOK, "not proxy")
	f("HTTPS_PROXY="+variable, "", region, statusOK, "    proxy      http://proxy.example:3128, from HTTPS_PROXY\n")
	f("https_proxy="+variable, "", region, statusOK, "    proxy      http://proxy.example:3128, from https_proxy\n")
	f("HTTP_PROXY="+variable, "", plain, statusOK, "    proxy      http://proxy.example:3128, from HTTP_PROXY\n")
	f("HTTP_PROXY="+variable, "", region, statusOK, "not proxy")
	const several = "in_flight: 8"
	f("", several, plain, statusOK,
		"    publishes  64 connections with up to 8 publishes in flight on each, 5s an attempt", "not many proxies")
	f("HTTP_PROXY="+variable, several, plain, statusOK,
		"! momento.in_flight: 8 to an http:// endpoint through a proxy: many proxies")
	f("HTTPS_PROXY="+variable, several, region, statusOK, "not many proxies")
	f("HTTP_PROXY="+variable, "", plain, statusOK, "not many proxies", "    publishes  64 connections, ")
	f("HTTPS_PROXY="+variable, "proxy: none", region, statusOK, "    proxy      none, from momento.proxy\n")
	f("HTTPS_PROXY="+variable, "proxy: \"http://other:1\"", region, statusOK,
		"    proxy      http://other:1, from momento.proxy\n")
	f("HTTPS_PROXY="+variable+" NO_PROXY=momentohq.com", "", region, statusOK,
		"    proxy      none: HTTPS_PROXY is not for this endpoint")
	f("HTTPS_PROXY=socks5://"+proxyPassword+"@h:1", "", region, statusUsage,
		"HTTPS_PROXY names a proxy with the scheme socks5://: only http:// proxies are supported",
		"momento.proxy: none ignores the environment\n")
	f("HTTPS_PROXY=socks5://"+proxyPassword+"@h:1", "proxy: none", region, statusOK,
		"proxy      none, from momento.proxy\n")
	f("HTTPS_PROXY=http://"+proxyUser+":1#"+proxyPassword+"@h:1", "", region, statusUsage,
		"HTTPS_PROXY holds more than a proxy's host and port")
	const local = "--endpoint http://127.0.0.1:1"
	f("", "proxy: \""+variable+"\"", local, statusOK,
		"! endpoint: http://127.0.0.1:1: plain HTTP through a proxy on another machine: the API key travels "+
			"in the clear")
	f("", "proxy: \"http://127.0.0.1:1\"", local, statusOK, "✓ endpoint: http://127.0.0.1:1\n")

	const vending = "api_key_url: \"https://vendor.example/token\""
	f("HTTPS_PROXY="+variable, vending, "", statusOK,
		"when the daemon starts\n    proxy      http://proxy.example:3128, from HTTPS_PROXY\n",
		"vended key names\n    proxy      as HTTPS_PROXY and NO_PROXY say, once the endpoint is known\n")
	f("HTTPS_PROXY="+variable+" NO_PROXY=.example", vending, region, statusOK,
		"when the daemon starts\n✓ endpoint: https://api.cache.cell-us-east-1-1.prod.a.momentohq.com\n"+
			"    proxy      http://proxy.example:3128, from HTTPS_PROXY\n")
	f("HTTPS_PROXY=https://h:1", vending, "", statusUsage,
		"✗ 1 problem in", "HTTPS_PROXY names a proxy with the scheme https://")
}
