package lease

import (
	"path/filepath"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

func TestABucketThatAnswersAgainLacksNothing(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{})
	free(t, s.ClientURL(), "r")
	one := start(t, s.ClientURL(), short(), "r")
	one.take(t, "r")
	cfg := s.JetStreamConfig()
	cfg.StoreDir = filepath.Dir(cfg.StoreDir) // The server adds a directory of its own.
	if err := s.DisableJetStream(); err != nil {
		t.Fatal(err)
	}
	within(t, "told that leases lack something", func() bool { what, _ := one.Missing(); return what != "" })
	if err := s.EnableJetStream(cfg); err != nil {
		t.Fatal(err)
	}
	within(t, "told that they lack nothing", func() bool { what, _ := one.Missing(); return what == "" })
}
