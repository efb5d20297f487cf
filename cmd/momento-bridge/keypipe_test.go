//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"momento-bridge/sink/emulator"
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
	got := newRecord()
	w := newWorld(t, emulator.Config{OnAccept: got.accepted})
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
	p.awaitNotReady("no newer one could be had: read the API key from " + w.keyFile + ": it could not be read within 5 s")
	if refused := p.metric("api_key_refused"); refused != 1 {
		t.Errorf("api_key_refused is %g", refused)
	}
	if _, body := p.get("/api/v1/status"); !strings.Contains(body, "it could not be read within 5 s") {
		t.Errorf("the status does not say why there is no newer key: %s", body)
	}
	w.writeKey("new-key")
	eventually(t, "published", func() bool { return got.total() == messages })
	p.awaitReady()
	if told := strings.Count(p.log.String(), "no new API key, still trying"); told != 1 {
		t.Errorf("told %d times that the file cannot be read", told)
	}
	began := time.Now()
	if err := p.stop(); err != nil || time.Since(began) > 4*time.Second {
		t.Errorf("run = %v after %v", err, time.Since(began))
	}
}

func TestFilesThatHangAreToldWhenTheProgramStarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	for name, c := range map[string]struct{ nats, momento, want string }{
		"the key":     {"", "api_key_file: PIPE", "config.yaml:2:57: read the API key from PIPE: it could not be read within 5 s"},
		"the headers": {"", "api_key_url: http://127.0.0.1:1/, api_key_url_headers_file: PIPE", "config.yaml:2:103: momento.api_key_url_headers_file names PIPE: it could"},
		"credentials": {", creds_file: PIPE", "api_key_file: " + w.keyFile, "config.yaml:1:47: nats.creds_file names PIPE: it could"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pipe := makePipe(t)
			text := strings.ReplaceAll("nats: {url: 'nats://127.0.0.1:1'"+c.nats+"}\nmomento: {endpoint: 'http://127.0.0.1:1', "+c.momento+"}\nroutes: [{name: a, subject: a, cache: c}]\n", "PIPE", pipe)
			var out, log syncBuffer
			began := time.Now()
			status := exitStatus(run(t.Context(), []string{"run", "-c", w.writeConfig(text)}, &out, &log))
			if want := strings.ReplaceAll(c.want, "PIPE", pipe); status != statusUsage || !strings.Contains(log.String(), want) || time.Since(began) > 9*time.Second {
				t.Errorf("after %v exit status %d and\n%swant %s", time.Since(began), status, log.String(), want)
			}
		})
	}
}
