package lease

import (
	"bytes"
	"net"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"momento-bridge/source"
)

// unheard is a connection on which nothing that is meant for JetStream arrives while it is set.
type unheard struct {
	net.Conn
	set *atomic.Bool
}

func (u unheard) Write(b []byte) (int, error) {
	if u.set.Load() && (bytes.Contains(b, []byte("$JS.")) || bytes.Contains(b, []byte("$KV."))) {
		return len(b), nil
	}
	return u.Conn.Write(b)
}

func TestABucketThatAnswersAgainLacksNothing(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{})
	free(t, s.ClientURL(), "r")
	var away atomic.Bool
	dial := func(network, address string) (net.Conn, error) {
		conn, err := net.Dial(network, address)
		return unheard{conn, &away}, err
	}
	one := startOn(t, source.ConnectConfig{URL: s.ClientURL(), Dial: dial}, short(), "r")
	one.take(t, "r")
	away.Store(true)
	within(t, "told that leases lack something", func() bool { what, _ := one.Missing(); return what != "" })
	away.Store(false)
	within(t, "told that they lack nothing", func() bool { what, _ := one.Missing(); return what == "" })
}
