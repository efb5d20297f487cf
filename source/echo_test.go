package source

import (
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// A server that is slow once is no reason never to look again.
func TestStreamThatCouldNotBeLookedAtInTimeIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	for name, stream := range map[string]string{"itself": "S", "one that has it as its source": "D"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, conn, _ := everythingOn(t, &server.User{Username: "bridge", Password: "p"})
			if _, err := conn.Subscribe("nowhere", func(*nats.Msg) {}); err != nil || conn.Flush() != nil {
				t.Fatal(err)
			}
			const asking = "$JS.API.STREAM.INFO.S"
			if err := s.GlobalAccount().AddMapping(asking, "nowhere"); err != nil {
				t.Fatal(err)
			}
			src := newJetStream(t, conn)
			src.cfg.Stream, src.cfg.Subject = stream, ""
			if err := src.refuseEcho(t.Context()); err != nil {
				t.Errorf("without an answer: %v", err)
			}
			if !src.echo.suspicious() {
				t.Error("without an answer it is not asked again")
			}
			s.GlobalAccount().RemoveMapping(asking)
			if err := src.refuseEcho(t.Context()); err == nil || !strings.Contains(err.Error(), "stored anew") {
				t.Errorf("with one: %v", err)
			}
		})
	}
}
