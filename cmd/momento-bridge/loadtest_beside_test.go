package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"momento-bridge/emulator"
)

// answered runs the program with a line on standard input, or with nothing there.
func answered(ctx context.Context, line string, args ...string) (log string, err error) {
	var out, errs syncBuffer
	cmd := newLoadtest()
	cmd.SetArgs(args)
	cmd.SetIn(bytes.NewBufferString(line))
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.ExecuteContext(ctx)
	return errs.String(), err
}

// joined waits until a daemon answers those who ask who is in its group.
func (w *world) joined(p *process, group string) {
	w.t.Helper()
	reports, err := w.nats.SubscribeSync("mb." + group + ".*.r")
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = reports.Unsubscribe() }()
	p.awaitReady()
	m, err := reports.NextMsg(time.Minute)
	if err != nil {
		w.t.Fatal(err)
	}
	subject := strings.TrimSuffix(m.Subject, "r") + "h"
	eventually(w.t, "the daemon is a member of its group", func() bool {
		return w.server.GlobalAccount().SubscriptionInterest(subject)
	})
}

func TestLoadTestTellsOfDaemonsThatPublishToTheSameAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Caches: []string{"c"}})
	config := w.config("limits: {group: ours, rate: 100}", "  - {name: r, subject: r, cache: c}\n")
	for _, args := range [][]string{{"rate", "--rate", "20", "--duration", "1s"}, {"find"}} {
		args = append(args, "-c", config, "--cache", "c")
		log, err := answered(t.Context(), "n\n", args...)
		if exitStatus(err) != statusUsage || !strings.Contains(log, "none of group ours tells") ||
			!strings.Contains(log, "Begin?") {
			t.Errorf("%v without a daemon: %v\n%s", args, err, log)
		}
	}
	w.joined(startDaemon(t, "-c", config), "ours")
	alone := w.emulator.Stats().Accepted
	for _, args := range [][]string{{"rate", "--rate", "20"}, {"find"}} {
		log, err := answered(t.Context(), "n\n", append(args, "-c", config, "--cache", "c")...)
		if exitStatus(err) != statusUsage || !strings.Contains(log, "--within-quota") ||
			!strings.Contains(log, "one member of group ours with this endpoint publishes") ||
			!strings.Contains(log, "Begin?") {
			t.Errorf("%v beside a daemon: %v\n%s", args, err, log)
		}
	}
	if n := w.emulator.Stats().Accepted; n != alone {
		t.Errorf("%d were published without consent", n-alone)
	}
}

// The daemon's quota is a third of what is asked for.
func TestLoadTestStaysWithinTheQuotaOfTheGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Caches: []string{"c"}})
	config := w.config("limits: {group: ours, rate: 100}", "  - {name: r, subject: r, cache: c}\n")
	p := startDaemon(t, "-c", config)
	w.joined(p, "ours")
	r, log, err := w.loadtestRate(t.Context(), "-c", config, "--rate", "300", "--duration", "2s", "--within-quota")
	if err != nil || r == nil {
		t.Fatalf("ended with %v\n%s", err, log)
	}
	if r.Requests > 300 {
		t.Errorf("%d of 600 were published", r.Requests)
	}
	if !strings.Contains(log, "takes an equal part") {
		t.Errorf("it says\n%s", log)
	}
	eventually(t, "the guest is gone", func() bool { return len(p.status().Group.Members) == 1 })
}

func TestLoadTestWithoutNATSSaysThatItHearsNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Caches: []string{"c"}})
	_, log, err := w.loadtestRate(t.Context(), "--rate", "20", "--duration", "1s")
	if err != nil || !strings.Contains(log, "no NATS address is known") {
		t.Errorf("ended with %v\n%s", err, log)
	}
	_, log, err = w.loadtestRate(t.Context(), "--rate", "20", "--duration", "1s", "--nats-url", "nats://127.0.0.1:1")
	if err != nil || !strings.Contains(log, "connect to NATS nats://127.0.0.1:1") {
		t.Errorf("ended with %v\n%s", err, log)
	}
	for _, more := range [][]string{{}, {"--nats-url", "nats://127.0.0.1:1"}} {
		r, log, err := w.loadtestRate(t.Context(), append(more, "--rate", "20", "--within-quota")...)
		if r != nil || exitStatus(err) != statusFailed ||
			!strings.Contains(log, "--within-quota needs to hear the daemons") {
			t.Errorf("%v ended with %v\n%s", more, err, log)
		}
	}
}
