package daemon

import (
	"strings"
	"testing"

	"momento-bridge/pipeline"
	"momento-bridge/sink/key"
)

// What an answer says to do is not followed by something else to do.
func TestDownEndpointHasOneAdvice(t *testing.T) {
	keys := key.Fixed(key.Key{})
	const general = "check the endpoint and the network"
	for _, tt := range []struct {
		stats pipeline.Stats
		want  bool
	}{
		{pipeline.Stats{Down: true, Why: "500 oh"}, true},
		{pipeline.Stats{Down: true, Why: "connection refused"}, true},
		{pipeline.Stats{Down: true, Why: "405: check momento.endpoint", WhyAdvised: true}, false},
	} {
		got := strings.Join(endpointReasons(tt.stats, keys), "\n")
		if !strings.HasPrefix(got, "endpoint: down: "+tt.stats.Why) || strings.Contains(got, general) != tt.want {
			t.Errorf("%q, want general advice: %v", got, tt.want)
		}
	}
}
