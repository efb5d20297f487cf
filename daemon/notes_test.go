package daemon

import (
	"testing"

	"momento-bridge/config"
)

func TestURLsOfNATSAreShownWithoutCredentials(t *testing.T) {
	f := func(list, want string) {
		t.Helper()
		if got := redactURL(list); got != want {
			t.Errorf("redactURL(%q) = %q, want %q", list, got, want)
		}
	}
	f("nats://127.0.0.1:4222", "nats://127.0.0.1:4222")
	f("a:4222,b", "a:4222,b")
	f("nats://me:pass@a:4222, tls://token@b", "nats://xxxxx@a:4222,tls://xxxxx@b")
	f("me:pass@a:4222", "nats://xxxxx@a:4222") // As nats.go reads it.
	f("nats://me:pa@ss@a", "nats://xxxxx@a")
	f("nats://me:%zz@a", "nats://xxxxx@a")
}

func TestCheckSaysWhetherSubscribersCanTellRepeats(t *testing.T) {
	t.Parallel()
	packed := config.Batch{Format: config.Packed, MaxBytes: 4096}
	const unmarked = "packed, up to 4096 bytes, by which subscribers cannot tell repeats: that takes a stream and " +
		"ordering: topic"
	for _, tt := range []struct {
		route config.Route
		want  string
	}{
		{
			config.Route{Stream: "S", Ordering: config.OrderingTopic, Batch: packed},
			"packed, up to 4096 bytes, by which subscribers tell repeats and gaps",
		},
		{config.Route{Stream: "S", Ordering: "none", Batch: packed}, unmarked},
		{config.Route{Ordering: config.OrderingTopic, Batch: packed}, unmarked},
		{config.Route{Stream: "S", Batch: config.Batch{Format: "json", MaxBytes: 100}}, "json, up to 100 bytes"},
	} {
		if got := batchNote(&tt.route); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
