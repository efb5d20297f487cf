package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/admin"
	"momento-bridge/admin/admintest"
	"momento-bridge/emulator"
)

// fakeDaemon answers as an admin listener does, with what can be changed.
func fakeDaemon(t *testing.T) (address string, down *atomic.Bool) {
	t.Helper()
	down = &atomic.Bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/api/v1/status":
			http.NotFound(w, r)
		case down.Load():
			w.WriteHeader(http.StatusInternalServerError)
		default:
			text, _ := json.MarshalIndent(admintest.Running(), "", "  ")
			_, _ = w.Write(append(text, '\n'))
		}
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), down
}

func TestStatusAsksTheDaemon(t *testing.T) {
	t.Parallel()
	address, _ := fakeDaemon(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "config.yaml")
	// Only admin.listen counts: another machine's files need not be here.
	if err := os.WriteFile(file, fmt.Appendf(nil, "admin: {listen: %q}\nmomento: {api_key_file: /missing}\n", address),
		0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--admin", address}, {"--admin", "http://" + address + "/"}, {"-c", file}} {
		var out, log syncBuffer
		if err := run(t.Context(), append([]string{"status"}, args...), &out, &log); err != nil {
			t.Fatalf("status %v = %v", args, err)
		}
		if text := out.String(); !strings.HasPrefix(text, "✓ publishing: Publishing 120 messages a second") ||
			strings.Contains(text, "\x1b") || log.String() != "" {
			t.Errorf("status %v shows %q, and says %q", args, text, log.String())
		}
	}
	var out, log syncBuffer
	if err := run(t.Context(), []string{"status", "--admin", address, "--json"}, &out, &log); err != nil {
		t.Fatal(err)
	}
	want, _ := json.MarshalIndent(admintest.Running(), "", "  ")
	if out.String() != string(want)+"\n" {
		t.Errorf("--json prints %s", out.String())
	}
}

func TestStatusSaysWhatToDoWhenThereIsNoDaemon(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/html/api/v1/status":
			fmt.Fprint(w, "<html>")
		case "/long/api/v1/status":
			fmt.Fprint(w, `{"version":"1","state":"idle","summary":"`, strings.Repeat("x", 8<<20), `"}`)
		case "/host/api/v1/status":
			http.Error(w, "this host name is not known here: ask by address", http.StatusMisdirectedRequest)
		case "/elsewhere/api/v1/status":
			http.Redirect(w, r, "/html/api/v1/status", http.StatusFound)
		default:
			fmt.Fprint(w, `{"status":"ok"}`)
		}
	}))
	t.Cleanup(other.Close)
	nobody := "http://" + refusingAddress(t)
	f := func(status int, want string, args ...string) {
		t.Helper()
		var out, log syncBuffer
		err := run(t.Context(), append([]string{"status"}, args...), &out, &log)
		if exitStatus(err) != status || !strings.Contains(log.String(), want) || out.String() != "" {
			t.Errorf(
				"status %v ends with %d, says %q and prints %q; want %d and %q", args,
				exitStatus(err), log.String(), out.String(), status, want)
		}
	}
	f(statusUnreached, "connection refused\nis momento-bridge running there?", "--admin", nobody)
	f(statusUnreached, "connection refused\nis momento-bridge running there?", "--admin", nobody, "--watch")
	f(statusUnreached, "is no momento-bridge, or one of another version (status 200", "--admin", other.URL)
	f(statusUnreached, "is no momento-bridge", "--admin", other.URL+"/html")
	f(statusUnreached, "is no momento-bridge", "--admin", other.URL+"/long")
	f(statusUnreached, "is no momento-bridge, or one of another version (status 302", "--admin", other.URL+"/elsewhere")
	f(statusUnreached, "refuses (421): this host name is not known here: ask by address", "--admin", other.URL+"/host")
	f(statusUsage, "--admin: \"localhost\" is not an address with a port", "--admin", "localhost")
	f(statusUsage, "--admin: write a URL such as http://", "--admin", "ftp://127.0.0.1:1")
	f(statusUsage, "--interval 1ms is too short", "--interval", "1ms")
	f(statusUsage, "there is no configuration file missing.yaml: check --config", "-c", "missing.yaml")
}

func TestListenAddressBecomesWhereToAsk(t *testing.T) {
	t.Parallel()
	f := func(address, want string) {
		t.Helper()
		if u, err := admin.URL(address); err != nil || u.String() != want {
			t.Errorf("admin.URL(%q) = %v, %v, want %s", address, u, err, want)
		}
	}
	f(":9464", "http://127.0.0.1:9464")
	f("0.0.0.0:9464", "http://127.0.0.1:9464")
	f("[::]:9464", "http://[::1]:9464")
	f("10.0.0.7:80", "http://10.0.0.7:80")
	f("bridge.internal:9464", "http://bridge.internal:9464")
	f("https://ops.internal/bridge", "https://ops.internal/bridge")
	f("unix:/run/bridge.sock", "unix:///run/bridge.sock")
	if _, err := admin.URL("127.0.0.1:0"); err == nil {
		t.Error("port 0 is taken for an address to ask")
	}
}

// watchLines runs status --watch until so many lines are there, with the daemon away for a while in between.
func watchLines(t *testing.T, n int, args ...string) (lines []string, log string) {
	t.Helper()
	address, down := fakeDaemon(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs syncBuffer
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, append([]string{"status", "--admin", address, "--watch", "--interval", "100ms"}, args...),
			&out, &errs)
	}()
	eventually(t, "a line", func() bool { return strings.Contains(out.String(), "\n") })
	down.Store(true)
	eventually(t, "a complaint", func() bool { return strings.Contains(errs.String(), "is no momento-bridge") })
	time.Sleep(300 * time.Millisecond)          // Not to be repeated.
	before := strings.Count(out.String(), "\n") // It may have been several.
	down.Store(false)
	eventually(t, "more lines", func() bool { return strings.Count(out.String(), "\n") >= max(n, before+1) })
	cancel()
	if err := <-done; err != nil {
		t.Errorf("status --watch = %v after Ctrl-C", err)
	}
	return strings.Split(strings.TrimSpace(out.String()), "\n"), errs.String()
}

func TestWatchAppendsALineForEachAnswerWhereThereIsNoTerminal(t *testing.T) {
	t.Parallel()
	lines, log := watchLines(t, 3)
	for _, line := range lines {
		if !strings.HasPrefix(line, "2026-11-25T12:00:00Z ✓ publishing: in 120/s, out 120/s") {
			t.Errorf("a line is %q", line)
		}
	}
	if n := strings.Count(log, "is no momento-bridge"); n != 1 {
		t.Errorf("one failure is told %d times: %s", n, log)
	}
	lines, _ = watchLines(t, 3, "--json")
	for _, line := range lines {
		var s admin.Status
		if err := json.Unmarshal([]byte(line), &s); err != nil || s.State != admin.Publishing {
			t.Errorf("a line is %q: %v", line, err)
		}
	}
}

func TestStatusShowsARunningDaemon(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Caches: []string{"c"}})
	w.stream("S", "s.*")
	w.publish("s.1", "x")
	p := startDaemon(t, "-c",
		w.config("", "  - {name: here, stream: S, cache: c}\n  - {name: gone, subject: g, cache: missing}\n"))
	p.awaitReady()
	_ = w.nats.Publish("g", []byte("y"))
	address := strings.TrimPrefix(p.URL, "http://")
	status := func(args ...string) string {
		var out, log syncBuffer
		_ = run(t.Context(), append([]string{"status", "--admin", address}, args...), &out, &log) // It may be parked.
		if log.String() != "" {
			t.Fatalf("status says %s", log.String())
		}
		return out.String()
	}
	var answer string
	eventually(t, "the parked route and the published message in --json", func() bool {
		answer = status("--json")
		var s admin.Status
		if err := json.Unmarshal([]byte(answer), &s); err != nil {
			t.Fatalf("--json prints %s: %v", answer, err)
		}
		return s.State == admin.Parked && s.Routes[0].Settled["published"] == 1 && len(s.Problems) > 0
	})
	var text string
	for _, words := range []string{
		"✗ parked: 1 of 2 routes is standing still: gone: the cache missing does not", "LAST PROBLEMS\n✗ route gone: ",
		"\nhere   running ", "\ngone   parked ", "  limited by cache; ", "  not ready  route gone: the cache ",
		"  key        opaque, does not say", "  nats       nats://127.0.0.1:",
	} {
		eventually(t, "status shows "+words, func() bool { text = status(); return strings.Contains(text, words) })
	}
	if strings.Contains(answer+text, testKey) {
		t.Error("the status shows the key")
	}
}
