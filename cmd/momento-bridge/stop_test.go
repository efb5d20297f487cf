package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/daemon"
	"momento-bridge/emulator"
)

// Acknowledgements that were sent while NATS was away wait for it as long as the budget allows, and are then counted.
func TestStopWhileNATSIsAwaySaysHowManyAcksAreUnconfirmed(t *testing.T) {
	t.Parallel()
	open := make(chan struct{})
	got := newRecord()
	w := newWorld(t, emulator.Config{
		OnAccept: got.accepted,
		Script:   func(string, string, []byte) int { <-open; return 0 },
	})
	w.stream("S", "s")
	for range 5 {
		w.publish("s", "x")
	}
	p := startDaemon(t, "-c", w.config("shutdown_timeout: 7s", `  - {name: s, stream: S, cache: c, ordering: none}`))
	eventually(t, "in flight", func() bool { return p.metric(`messages_in_flight{route="s"}`) == 5 })
	w.server.Shutdown()
	w.server.WaitForShutdown()
	p.awaitNotReady("nats: not connected")
	close(open)
	eventually(t, "published", func() bool { return got.total() == 5 })
	if err := p.stop(); exitStatus(err) != statusFailed {
		t.Errorf("run = %v, want a failure once the budget has run out", err)
	}
	if log := p.log.String(); !strings.Contains(log, `"unconfirmed_acks":5`) {
		t.Error("the log does not say that 5 acknowledgements are unconfirmed")
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	var arrived atomic.Bool
	w := newWorld(t,
		emulator.Config{Script: func(string, string, []byte) int { arrived.Store(true); <-hang; return 0 }})
	w.stream("S", "s")
	w.publish("s", "x")
	ctx, first := context.WithCancel(context.Background())
	second, hurryUp := context.WithCancel(context.Background())
	log := &syncBuffer{}
	done := make(chan error, 1)
	go func() {
		done <- run(withHurry(ctx, second), []string{
			"run", "--admin-listen", "127.0.0.1:0", "-c",
			w.writeConfig(fmt.Sprintf("nats: {url: %q}\nmomento: {endpoint: %q, api_key_file: %q, timeout: 5m}\n"+
				"shutdown_timeout: 10m\nroutes: [{name: s, stream: S, cache: c}]\n",
				w.server.ClientURL(), w.endpoint, w.keyFile)),
		}, log, log)
	}()
	eventually(t, "in flight", arrived.Load)
	first()
	select {
	case err := <-done:
		t.Fatalf("run = %v with a publish in flight, want it to wait", err)
	case <-time.After(300 * time.Millisecond):
	}
	hurryUp()
	select {
	case err := <-done:
		if !errors.Is(err, daemon.ErrInterrupted) || exitStatus(err) != statusInterrupted ||
			!strings.Contains(log.String(), "unconfirmed_acks") {
			t.Errorf("run = %v, exit status %d, log:\n%s", err, exitStatus(err), log)
		}
	case <-time.After(time.Minute): // It would wait for five.
		t.Fatal("still running after the second signal")
	}
}

func TestDaemonDoesNotStartWhenNoStreamTakesItsDeadLetters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	w.stream("S", "s", "other")
	for _, tt := range []struct{ route, want string }{
		{
			`  - {name: s, stream: S, subject: s, cache: c, dead_letter: {subject: dead.s}}`,
			"no stream takes the dead letters' subject dead.s",
		},
		{`  - {name: s, stream: S, cache: c, dead_letter: {subject: other}}`, "dead letters would come back for ever"},
	} {
		p := startDaemon(t, "-c", w.config("", tt.route))
		err := p.wait()
		if exitStatus(err) != statusFailed || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("run = %v, want %q in it", err, tt.want)
		}
		if log := p.log.String(); !strings.Contains(log, `"level":"ERROR","msg":"stopping because of a failure`) {
			t.Errorf("the log does not say why it stops:\n%s", log)
		}
	}
}
