package lease

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	protocol "momento-bridge/lease"
)

func TestALostLeaseSaysWhy(t *testing.T) {
	t.Parallel()
	ours, theirs := protocol.View{Holder: "one", Mine: true}, protocol.View{Holder: "two"}
	for _, c := range []struct {
		view      protocol.View
		stalled   time.Duration
		connected bool
		want      string
	}{
		{ours, 10 * time.Second, true, "this process stood still for 10s, so that it was not renewed in time"},
		{
			theirs, 10 * time.Second, true,
			"this process stood still for 10s, so that it was not renewed in time, and two has taken it",
		},
		{theirs, time.Second, true, "two has taken it"},
		{ours, time.Second, true, "it could not be renewed in time, as the bucket did not answer"},
		{ours, time.Second, false, "it could not be renewed in time, without a connection to NATS"},
		{protocol.View{}, time.Second, true, "its key was removed from the bucket"},
	} {
		if got := reason(&c.view, 5*time.Second, c.stalled, c.connected); got != c.want {
			t.Errorf("%+v: %q, want %q", c, got, c.want)
		}
	}
}

func TestWhoseLeaseIsTakenIsToldByWhom(t *testing.T) {
	t.Parallel()
	url := startServer(t, server.Options{}).ClientURL()
	free(t, url, "r")
	one := start(t, url, patient(), "r")
	h := one.take(t, "r")
	if h.Why() != "" {
		t.Errorf("held, and lost because %q", h.Why())
	}
	js, err := jetstream.New(one.conn)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(t.Context(), "B")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Put(t.Context(), "g.r", []byte(`{"holder":"two","life":"x","epoch":9}`)); err != nil {
		t.Fatal(err)
	}
	await(t, "told that it is lost", h.Lost())
	if !strings.HasSuffix(h.Why(), "two has taken it") {
		t.Errorf("lost because %q", h.Why())
	}
}
