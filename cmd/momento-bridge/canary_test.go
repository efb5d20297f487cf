package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"momento-bridge/daemon/daemontest"
	"momento-bridge/emulator"
)

func TestCanarySaysWhetherMessagesGetThroughAndHowFast(t *testing.T) {
	t.Setenv("MOMENTO_API_KEY", "k")
	nats := daemontest.StartNATS(t, &server.Options{})
	_, endpoint := daemontest.StartEmulator(t, emulator.Config{Caches: []string{"c"}})
	from := []string{"canary", "--nats-url", nats.ClientURL(), "--endpoint", endpoint}
	several := filepath.Join(t.TempDir(), "c.yaml")
	text := "routes: [{name: a, subject: a, cache: c}, {name: b, subject: b, cache: d}]\n"
	if err := os.WriteFile(several, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		args   []string
		status int
		out    []string
	}{
		{
			"all is well",
			[]string{"--cache", "c", "--count", "2"},
			statusOK,
			[]string{
				"got through in", "with the bridge of this command",
				"2 of 2 got through to c/momento-bridge-canary",
			},
		},
		{
			"a topic of one's own",
			[]string{"--cache", "c", "--topic", "mine", "--count", "2"},
			statusOK,
			[]string{"2 of 2 got through to c/mine"},
		},
		{
			"another cache and topic than the file's",
			[]string{"--config", several, "--cache", "c", "--topic", "mine", "--count", "2"},
			statusOK,
			[]string{"2 of 2 got through to c/mine"},
		},
		{"a file with several caches", []string{"--config", several}, statusUsage, []string{"--cache"}},
		{"a cache that is not there", []string{"--cache", "d"}, statusFailed, nil},
		{
			"nobody is there",
			[]string{"--cache", "c", "--endpoint", "http://" + refusingAddress(t)},
			statusFailed,
			[]string{"the subscriber cannot listen", "nothing listens there: start the endpoint"},
		},
		{"no cache", nil, statusUsage, []string{"--cache or --config is needed"}},
		{"what only a route has", []string{"--cache", "c", "--subject", "a"}, statusUsage, nil},
		{"nothing to send", []string{"--cache", "c", "--count", "0"}, statusUsage, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, errs strings.Builder
			err := run(t.Context(), append(append([]string{}, from...), c.args...), &out, &errs)
			if got := exitStatus(err); got != c.status {
				t.Errorf("it ends with %d: %v", got, err)
			}
			for _, want := range c.out {
				if !strings.Contains(out.String()+errs.String(), want) {
					t.Errorf("it says\n%s%s\nwithout %q", out.String(), errs.String(), want)
				}
			}
		})
	}
}

// What was not waited for has not failed.
func TestAnInterruptedCanarySaysNothingOfItsMessage(t *testing.T) {
	t.Setenv("MOMENTO_API_KEY", "k")
	nats := daemontest.StartNATS(t, &server.Options{})
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	_, endpoint := daemontest.StartEmulator(t, emulator.Config{Script: func(string, string, []byte) int {
		interrupt()
		return http.StatusServiceUnavailable
	}})
	var out, errs strings.Builder
	args := []string{"canary", "--nats-url", nats.ClientURL(), "--endpoint", endpoint, "--cache", "c"}
	err := run(ctx, args, &out, &errs)
	if got := exitStatus(err); got != statusInterrupted || strings.Contains(out.String(), "did not get through") {
		t.Errorf("it ends with %d, and says %s%s", got, out.String(), errs.String())
	}
}
