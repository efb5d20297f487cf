package status

import (
	"strings"
	"testing"

	"momento-bridge/pipeline"
)

// What an answer says to do is not followed by something else to do.
func TestDownEndpointHasOneAdvice(t *testing.T) {
	const general = "check the endpoint and the network"
	for _, tt := range []struct {
		stats pipeline.Stats
		want  bool
	}{
		{pipeline.Stats{Down: true, Why: "500 oh"}, true},
		{pipeline.Stats{Down: true, Why: "connection refused"}, true},
		{pipeline.Stats{Down: true, Why: "405: check momento.endpoint", WhyAdvised: true}, false},
	} {
		got := strings.Join(EndpointReasons(&tt.stats, Key{}), "\n")
		if !strings.HasPrefix(got, "endpoint: down: "+tt.stats.Why) || strings.Contains(got, general) != tt.want {
			t.Errorf("%q, want general advice: %v", got, tt.want)
		}
	}
}

func TestReasonsAreOneLine(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := Bounded(text); got != want {
			t.Errorf("Bounded(%q) = %q, want %q", text, got, want)
		}
	}
	f("a\n\x1b[31mb\r\nc", `a \x1b[31mb c`)
	f(strings.Repeat("é", maxReason), strings.Repeat("é", maxReason/2-2)+"…")
	f("x"+strings.Repeat("é", maxReason), "x"+strings.Repeat("é", maxReason/2-2)+"…")
}
