package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"momento-bridge/admin"
	"momento-bridge/emulator"
	"momento-bridge/test/lab"
)

// said runs a command and returns its exit status, what it prints and what it says. It runs again when a busy machine
// does not answer in time.
func said(t *testing.T, args ...string) (status int, out string) {
	t.Helper()
	for range 10 {
		var printed, log syncBuffer
		err := run(t.Context(), args, &printed, &log)
		status, out = exitStatus(err), printed.String()+log.String()
		if !strings.Contains(out, "no answer from") {
			break
		}
	}
	return status, out
}

// routeOf returns what a daemon says of its first route.
func routeOf(t *testing.T, p *process) admin.Route {
	t.Helper()
	var s admin.Status
	_, text := p.get("/api/v1/status")
	if err := json.Unmarshal([]byte(text), &s); err != nil || len(s.Routes) == 0 {
		t.Fatalf("%v: %s", err, text)
	}
	return s.Routes[0]
}

func TestRoutesArePausedAndResumedByCommands(t *testing.T) {
	t.Parallel()
	w, got := newRecordedWorld(t)
	w.stream("S", "s.*")
	config := w.config("", "  - {name: orders, stream: S, cache: c, topic: t}\n"+
		"  - {name: other, subject: o, cache: c}\n")
	p := startDaemon(t, "-c", config)
	p.awaitReady()
	address := strings.TrimPrefix(p.URL, "http://")
	f := func(want string, status int, args ...string) {
		t.Helper()
		if code, text := said(t, append(args, "--admin", address)...); code != status || !strings.Contains(text, want) {
			t.Errorf("%v ends with %d: %s; want %d and %q", args, code, text, status, want)
		}
	}
	asTheSchemaSays(t, p)
	f("orders: paused\na restart of the daemon resumes it: state_dir is not set", 0, "pause", "orders")
	if r := routeOf(t, p); r.State != "paused" || r.PausedSince == nil || r.PauseKept ||
		!strings.Contains(r.Reason, "a restart of the daemon resumes it") {
		t.Errorf("the paused route is %+v", r)
	}
	asTheSchemaSays(t, p)
	f("paused", 1, "status")
	w.publish("s.1", "x")
	f("orders: resumed", 0, "resume", "orders")
	eventually(t, "the message", func() bool { return len(got.topic("c/t")) == 1 })
	f(`there is no route "gone"; there is: orders, other`, 1, "pause", "gone")
	f("the name of the route is empty", 2, "pause", "")
	f("all routes: paused", 0, "pause")
	f("all routes: resumed", 0, "resume")
	f("accepts at most 1 arg", 2, "resume", "a", "b")
	code, text := said(t, "pause", "orders", "--admin", refusingAddress(t))
	if code != 1 || !strings.Contains(text, "is momento-bridge running there?") {
		t.Errorf("without a daemon: %d, %s", code, text)
	}
}

func TestAPauseOutlastsARestartWhereThereIsAStateDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Caches: []string{"c"}})
	dir := t.TempDir()
	config := w.config("state_dir: "+dir, "  - {name: orders, subject: o, cache: c}\n")
	p := startDaemon(t, "-c", config)
	p.awaitReady()
	_, text := said(t, "pause", "orders", "--admin", p.URL)
	if !strings.Contains(text, "orders: paused\nit stays paused when the daemon is restarted") {
		t.Errorf("pause says %s", text)
	}
	since := routeOf(t, p).PausedSince
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	p = startDaemon(t, "-c", config)
	p.awaitReady()
	r := routeOf(t, p)
	if r.State != "paused" || !r.PauseKept || r.PausedSince == nil || !r.PausedSince.Equal(*since) {
		t.Errorf("after the restart the route is %+v, want it paused since %v", r, since)
	}
	if !strings.Contains(p.log.String(), "a route is still paused") {
		t.Error("the log does not say that the route is still paused")
	}
	said(t, "resume", "--admin", p.URL)
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	p = startDaemon(t, "-c", config)
	p.awaitReady()
	if r := routeOf(t, p); r.State != "running" {
		t.Errorf("after resume and a restart the route is %s", r.State)
	}
	if err := p.stop(); err != nil { // It writes into the directory no more.
		t.Error(err)
	}
}

// asTheSchemaSays holds what a daemon answers against `status --schema`.
func asTheSchemaSays(t *testing.T, p *process) {
	t.Helper()
	code, text := said(t, "status", "--schema")
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if code != 0 || err != nil {
		t.Fatalf("status --schema ends with %d: %v", code, err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("status.json", document); err != nil {
		t.Fatal(err)
	}
	_, text = p.get("/api/v1/status")
	answer, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.MustCompile("status.json").Validate(answer); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// socketDaemon starts a daemon on a Unix socket and a port.
func socketDaemon(t *testing.T, more string) (p *process, config, path string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "mb") //nolint:usetesting // The test's own is too long for some systems.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := newWorld(t, emulator.Config{Caches: []string{"c"}})
	path = filepath.Join(dir, "admin.sock")
	address := lab.FreeAddress()
	config = w.config(fmt.Sprintf("admin: {listen: \"%s, unix:%s\"%s}", address, path, more),
		"  - {name: orders, subject: o, cache: c}\n")
	return startDaemonAt(t, address, "-c", config), config, path
}

func TestTheUnixSocketIsForTheDaemonsUserAlone(t *testing.T) {
	t.Parallel()
	p, config, path := socketDaemon(t, "")
	p.awaitReady()
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != os.ModeSocket || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v, want mode 0600", info, err)
	}
	for _, args := range [][]string{
		{"pause", "orders", "--admin", "unix:" + path},
		{"resume", "orders", "-c", config},
		{"status", "--admin", "unix:" + path},
		{"status", "-c", config},
	} {
		if code, text := said(t, args...); code != 0 {
			t.Errorf("%v ends with %d: %s", args, code, text)
		}
	}
	log := p.log.String()
	if !strings.Contains(log, `by="the Unix socket"`) && !strings.Contains(log, `"by":"the Unix socket"`) {
		t.Error("the log does not say who has paused the route")
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("after the end the socket is there: %v", err)
	}
}

func TestATokenIsAskedForAndReadAgain(t *testing.T) {
	t.Parallel()
	token := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		if err := os.WriteFile(token, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("the-first-token-of-it")
	p, _, path := socketDaemon(t, ", control: "+token)
	p.awaitReady()
	f := func(want string, status int, args ...string) {
		t.Helper()
		code, text := said(t, append([]string{"pause", "orders"}, args...)...)
		if code != status || !strings.Contains(text, want) || strings.Contains(text, "-token-of-it") {
			t.Errorf("%v ends with %d: %s; want %d and %q", args, code, text, status, want)
		}
	}
	f("refuses (401): give the token of admin.control: --token-file", 1, "--admin", p.URL)
	f("orders: paused", 0, "--admin", p.URL, "--token-file", token)
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("the-other-token-of-it"), 0o600); err != nil {
		t.Fatal(err)
	}
	f("refuses (401)", 1, "--admin", p.URL, "--token-file", other)
	write("the-other-token-of-it")
	f("orders: paused", 0, "--admin", p.URL, "--token-file", other)
	f("orders: paused", 0, "--admin", "unix:"+path)
	write("short")
	f("refuses (503): the token cannot be checked now", 1, "--admin", p.URL, "--token-file", other)
	if strings.Contains(p.log.String(), "-token-of-it") {
		t.Error("the log shows the token")
	}
}

func TestReloadTellsWhatItDidAndWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Caches: []string{"c"}})
	routes := "  - {name: orders, subject: o, cache: c}\n"
	config := w.config("", routes)
	p := startDaemon(t, "-c", config)
	p.awaitReady()
	change := func(from, to string) {
		t.Helper()
		text, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, config, strings.Replace(string(text), from, to, 1))
	}
	f := func(want string, status int) {
		t.Helper()
		if code, text := said(t, "reload", "--admin", p.URL); code != status || !strings.Contains(text, want) {
			t.Errorf("reload ends with %d: %s; want %d and %q", code, text, status, want)
		}
	}
	f("reloaded: nothing has changed", 0)
	change(routes, routes+"  - {name: more, subject: m, cache: c}\n")
	f("reloaded: added more", 0)
	change("cache: c}", "cache: c, cash: 1, weight: x}")
	f("nothing was reloaded:\n"+config+":", 1)
}
