package loadtest

import (
	"testing"
	"testing/synctest"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/search"
	"momento-bridge/loadtest/virtual"
)

// near is an endpoint of package virtual.
type near struct{ *virtual.Endpoint }

func (n near) Publisher() drive.Publisher { return n.Endpoint.Publisher() }

// bubble runs a test on virtual time, with a target that is an emulator without a network.
func bubble(t *testing.T, cfg emulator.Config, test func(t *testing.T, target Target, server *emulator.Server)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server, err := emulator.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		test(t, Target{
			Caches: []string{"c"}, Topic: "t", Topics: 1, Bytes: 100, Connections: 16,
			Timeout: 2 * time.Second, Seed: 1,
			instead: near{&virtual.Endpoint{Server: server}},
			machine: drive.Machine{Sleep: time.Sleep, CPU: func() time.Duration { return 0 }},
		}, server)
	})
}

// quick is an estimate of a target's limit.
func quick(target Target, start float64) FindConfig {
	cfg := FindConfig{Target: target, Search: search.Default(), Effort: Quick}
	cfg.Search.Start = start
	cfg.Limit()
	return cfg
}
