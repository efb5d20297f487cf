package client

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"momento-bridge/admin"
	"momento-bridge/test/lab"
)

// asked returns a client of a server that answers so.
func asked(t *testing.T, cfg Config, answer http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return of(t, cfg, server.URL)
}

func of(t *testing.T, cfg Config, address string) *Client {
	t.Helper()
	u, err := admin.URL(address)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Where = u
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestADaemonThatIsStuckIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	c := asked(t, Config{}, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	c.http.Timeout = 50 * time.Millisecond
	if _, _, err := c.Status(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "no answer from "+c.Where()+" within") {
		t.Errorf("Status = %v, want that there was no answer in time", err)
	}
}

func TestWhatIsAskedOfADaemonIsSentAsItWants(t *testing.T) {
	t.Parallel()
	cfg := Config{TokenFile: write(t, " the-token\n")}
	c := asked(t, cfg, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Header.Get("X-Momento-Bridge") != "1" ||
			r.Header.Get("Authorization") != "Bearer the-token" {
			t.Errorf("sent %s with %v", r.Method, r.Header)
		}
		switch r.URL.String() {
		case "/api/v1/pause?route=a%26b":
			fmt.Fprintln(w, "paused\nit stays \x1b[31mpaused")
		case "/api/v1/resume":
			fmt.Fprintln(w, "resumed")
		case "/api/v1/reload":
			_, _ = io.WriteString(w,
				`{"added":["a"],"removed":[],"changed":["b","c"],"limits":true,"restart":["nats.url"]}`)
		default:
			t.Errorf("sent to %s", r.URL)
		}
	})
	if text, err := c.Pause(t.Context(), "a&b", true); err != nil || text != `paused`+"\n"+`it stays \x1b[31mpaused` {
		t.Errorf("Pause = %q, %v", text, err)
	}
	if text, err := c.Pause(t.Context(), "", false); err != nil || text != "resumed" {
		t.Errorf("Resume = %q, %v", text, err)
	}
	done, err := c.Reload(t.Context())
	const want = "reloaded: added a; changed b, c; other limits; these take a restart: nats.url"
	if err != nil || done.String() != want {
		t.Errorf("Reload = %q, %v, want %q", done.String(), err, want)
	}
}

func TestErrorsSayWhatToDoAndNoSecret(t *testing.T) {
	t.Parallel()
	const password = "a-pass:word"
	cfg := Config{PasswordFile: write(t, "me:"+password+"\n")}
	answers := map[string]struct {
		code       int
		text, want string
	}{
		"/api/v1/pause?route=gone": {
			404, `there is no route "gone"; there is: a, b`,
			`there is no route "gone"; there is: a, b`,
		},
		"/api/v1/pause":  {404, "404 page not found", "is no momento-bridge"},
		"/api/v1/resume": {401, "Unauthorized", "give --password-file"},
		"/api/v1/status": {403, "changes are taken from here", "refuses (403): changes are taken from here"},
		"/api/v1/reload": {
			422, "c.yaml:1:2: one\nc.yaml:3:4: two",
			"nothing was reloaded:\nc.yaml:1:2: one\nc.yaml:3:4: two",
		},
	}
	c := asked(t, cfg, func(w http.ResponseWriter, r *http.Request) {
		if user, given, _ := r.BasicAuth(); user != "me" || given != password {
			t.Errorf("sent %q, %q", user, given)
		}
		a := answers[r.URL.String()]
		http.Error(w, a.text, a.code)
	})
	f := func(path string, err error) {
		t.Helper()
		if want := answers[path].want; err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), password) || strings.Contains(err.Error(), "me:") {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	_, err := c.Pause(t.Context(), "gone", true)
	f("/api/v1/pause?route=gone", err)
	_, err = c.Pause(t.Context(), "", true)
	f("/api/v1/pause", err)
	_, err = c.Pause(t.Context(), "", false)
	f("/api/v1/resume", err)
	_, _, err = c.Status(t.Context())
	f("/api/v1/status", err)
	_, err = c.Reload(t.Context())
	f("/api/v1/reload", err)
	nobody, release, err := lab.RefusingAddress()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	_, _, err = of(t, cfg, "http://me:"+"word@"+nobody).Status(t.Context())
	answers[""] = struct {
		code       int
		text, want string
	}{want: "is momento-bridge running there?"}
	f("", err)
}
