package main

import (
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
		{"a cache that is not there", []string{"--cache", "d"}, statusFailed, nil},
		{"nothing to send", []string{"--cache", "c", "--count", "0"}, statusUsage, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, errs strings.Builder
			err := run(t.Context(), append(append([]string{}, from...), c.args...), &out, &errs)
			if got := exitStatus(err); got != c.status {
				t.Errorf("it ends with %d: %v", got, err)
			}
			for _, want := range c.out {
				if !strings.Contains(out.String(), want) {
					t.Errorf("it says\n%s%s\nwithout %q", out.String(), errs.String(), want)
				}
			}
		})
	}
}
