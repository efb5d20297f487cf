package daemon

import (
	"testing"
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
