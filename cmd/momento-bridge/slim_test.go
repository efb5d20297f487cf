//go:build slim

package main

import (
	"strings"
	"testing"
)

func TestSlimBuildSaysWhichBuildHasWhatItLeavesOut(t *testing.T) {
	t.Setenv("MOMENTO_API_KEY", "k")
	t.Setenv("NATS_URL", "")
	for _, line := range []string{
		"demo", "demo --duration 5s", "demo --no-such-flag",
		"loadtest soak --endpoint http://127.0.0.1:1 --cache c --rate 1 --yes",
	} {
		var out, log syncBuffer
		err := run(t.Context(), strings.Fields(line), &out, &log)
		if exitStatus(err) != statusUsage || strings.Count(log.String(), "\n") != 1 ||
			!strings.Contains(log.String(), "use the full build") {
			t.Errorf("%s: status %d, %q", line, exitStatus(err), log.String())
		}
	}
	for _, line := range []string{"demo --help", "help demo", "--help", "loadtest soak --help", "version"} {
		var out, log syncBuffer
		err := run(t.Context(), strings.Fields(line), &out, &log)
		if err != nil || !strings.Contains(out.String(), "slim") {
			t.Errorf("%s: %v, %q", line, err, out.String())
		}
	}
}
