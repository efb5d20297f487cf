package bus_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"momento-bridge/source/bus"
)

func TestWhoOnlyListensHearsHowMuchAGroupPublishes(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{})
	conn, err := nats.Connect(s.ClientURL(), nats.Timeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	if h, err := bus.Listen(t.Context(), conn, "g", "q", "region"); err != nil || h != (bus.Heard{}) {
		t.Errorf("where nobody is %+v was heard, %v", h, err)
	}
	a, b := startReplica(t, s.ClientURL(), "a"), startReplica(t, s.ClientURL(), "b")
	startWith(t, s.ClientURL(), "others", "c")
	eventually(t, "two share the rate", func() bool {
		return a.sees("a", "b") && b.sees("a", "b") && len(b.Seen().Rates) > 0
	})
	h, err := bus.Listen(t.Context(), conn, "g", "q", "region")
	if err != nil || h.Members != 2 || h.Rate != 100 || h.Used != 0 {
		t.Errorf("%+v was heard, %v", h, err)
	}
	if !a.sees("a", "b") {
		t.Error("who listens counts as a member")
	}
}

func TestWhoMayNotListenIsToldWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := startServer(t, server.Options{Users: []*server.User{{
		Username: "u", Password: "p", Permissions: &server.Permissions{
			Publish:   &server.SubjectPermission{Allow: []string{"else"}},
			Subscribe: &server.SubjectPermission{Allow: []string{"else"}},
		},
	}}})
	conn, err := nats.Connect(strings.Replace(s.ClientURL(), "//", "//u:p@", 1), nats.Timeout(time.Minute),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	_, err = bus.Listen(t.Context(), conn, "g", "q", "region")
	if !errors.Is(err, bus.ErrDenied) || !strings.Contains(err.Error(), "mb.g.>") {
		t.Errorf("it is told %v", err)
	}
}
