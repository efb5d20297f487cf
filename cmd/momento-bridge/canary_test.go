package main

import (
	"context"
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
		{"no topic", []string{"--cache", "c", "--topic", ""}, statusUsage, []string{"write the name of one topic"}},
		{"a template", []string{"--cache", "c", "--topic", "{{subject}}"}, statusUsage, []string{"name of one topic"}},
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

// onWrite calls a function after each write.
type onWrite struct {
	strings.Builder
	call func(all string)
}

func (w *onWrite) Write(b []byte) (int, error) {
	n, err := w.Builder.Write(b)
	w.call(w.String())
	return n, err
}

func TestACanaryThatIsStoppedTellsOfThoseThatItSent(t *testing.T) {
	t.Setenv("MOMENTO_API_KEY", "k")
	nats := daemontest.StartNATS(t, &server.Options{})
	_, endpoint := daemontest.StartEmulator(t, emulator.Config{})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out := &onWrite{call: func(all string) {
		if strings.Count(all, "got through in") == 2 {
			stop()
		}
	}}
	var errs strings.Builder
	err := run(ctx, []string{
		"canary", "--nats-url", nats.ClientURL(), "--endpoint", endpoint, "--cache", "c", "--count", "1000000",
	}, out, &errs)
	text := out.String()
	if exitStatus(err) != statusInterrupted || !strings.Contains(text, "2 of 2 got through") ||
		strings.Contains(text, "did not") {
		t.Errorf("it ends with %v:\n%s%s", err, text, errs.String())
	}
}
