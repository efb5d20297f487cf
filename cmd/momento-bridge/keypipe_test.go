//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"momento-bridge/emulator"
)

// makePipe makes a pipe to which nobody writes yet.
func makePipe(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A pipe that nobody writes to hangs as a dead file server does.
func TestKeyFileThatHangsHoldsNobodyUpWhenTheKeyIsRefused(t *testing.T) {
	t.Parallel()
	w, got := newRecordedWorld(t)
	w.stream("S", "s.*")
	p := startDaemon(t, "-c", w.config("", `  - {name: s, stream: S, cache: c}`))
	p.awaitReady()
	if err := os.Rename(makePipe(t), w.keyFile); err != nil {
		t.Fatal(err)
	}
	w.emulator.SetAPIKey("new-key")
	const messages = 200
	w.fill(messages, func(i int) (string, string) { return fmt.Sprintf("s.%d", i%20), "x" })
	p.awaitNotReady("endpoint: the API key is refused: ")
	const why = "it could not be read within 5 s"
	p.awaitNotReady("no newer one could be had: read the API key from " + w.keyFile + ": " + why)
	if refused := p.metric("api_key_refused"); refused != 1 {
		t.Errorf("api_key_refused is %g", refused)
	}
	if _, body := p.get("/api/v1/status"); !strings.Contains(body, why) {
		t.Errorf("the status does not say why there is no newer key: %s", body)
	}
	w.writeKey("new-key")
	eventually(t, "published", func() bool { return got.total() == messages })
	p.awaitReady()
	if told := strings.Count(p.log.String(), "no new API key, still trying"); told != 1 {
		t.Errorf("told %d times that the file cannot be read", told)
	}
	if err := p.stop(); err != nil {
		t.Errorf("run = %v", err)
	}
}

func TestFilesThatHangAreToldWhenTheProgramStarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	const said = ": it could not be read within 5 s"
	for name, c := range map[string]struct{ nats, momento, want string }{
		"the key": {"", "api_key_file: PIPE", "config.yaml:2:57: read the API key from PIPE"},
		"the headers": {
			"", "api_key_url: http://127.0.0.1:1/, api_key_url_headers_file: PIPE",
			"config.yaml:2:103: momento.api_key_url_headers_file names PIPE",
		},
		"the body": {
			"", "api_key_url: http://127.0.0.1:1/, api_key_url_method: POST, api_key_url_body_file: PIPE",
			"config.yaml:2:126: momento.api_key_url_body_file names PIPE",
		},
		"credentials": {
			", creds_file: PIPE", "api_key_file: " + w.keyFile, "config.yaml:1:47: nats.creds_file names PIPE",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pipe := makePipe(t)
			text := "nats: {url: 'nats://127.0.0.1:1'" + c.nats + "}\n" +
				"momento: {endpoint: 'http://127.0.0.1:1', " + c.momento + "}\n" +
				"routes: [{name: a, subject: a, cache: c}]\n"
			file := w.writeConfig(strings.ReplaceAll(text, "PIPE", pipe))
			var out, log syncBuffer
			status := exitStatus(run(t.Context(), []string{"run", "-c", file}, &out, &log))
			want := strings.ReplaceAll(c.want, "PIPE", pipe) + said
			if status != statusUsage || !strings.Contains(log.String(), want) {
				t.Errorf("exit status %d and\n%swant %s", status, log.String(), want)
			}
		})
	}
}
