//go:build !slim

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestDemoTellsWhereItsPageIsAndServesIt(t *testing.T) {
	t.Parallel()
	ctx, stop := t.Context(), make(chan error, 1)
	var out, log syncBuffer
	go func() {
		stop <- run(ctx, []string{"demo", "--duration", "1s", "--rate", "100", "--quota", "1000"}, &out,
			&log)
	}()
	var page string
	eventually(t, "the page's address", func() bool {
		found := regexp.MustCompile(`Watch it in a browser: (http://127\.0\.0\.1:\d+)\n`).FindStringSubmatch(log.String())
		if found == nil {
			return false
		}
		page = found[1]
		return true
	})
	resp, err := http.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the page is answered with %d", resp.StatusCode)
	}
	if err := <-stop; err != nil || !strings.Contains(out.String(), " lost=0 duplicates=0\n") {
		t.Errorf("demo = %v, %s\n%s", err, out.String(), log.String())
	}
}

func TestDemoAccountsForEveryMessage(t *testing.T) {
	t.Parallel()
	var out, log syncBuffer
	err := run(t.Context(), []string{"demo", "--duration", "2s", "--quota", "1000", "--rate", "50"}, &out, &log)
	if err != nil {
		t.Fatalf("demo = %v\n%s", err, log.String())
	}
	var published, delivered, lost, duplicates int
	if _, err := fmt.Sscanf(out.String(), "published=%d delivered=%d lost=%d duplicates=%d\n", &published, &delivered,
		&lost, &duplicates); err != nil {
		t.Fatalf("last line %q: %v", out.String(), err)
	}
	if published < 50 || delivered != published || lost != 0 {
		t.Errorf("%s", out.String())
	}
}

func TestInterruptedDemoDrains(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var out, log syncBuffer
	done := make(chan error, 1)
	go func() { done <- run(ctx, []string{"demo", "--rate", "100", "--quota", "2000"}, &out, &log) }()
	eventually(t, "some traffic", func() bool { return strings.Count(log.String(), "rate in force") >= 2 })
	cancel()
	if err := <-done; err != nil || !strings.Contains(out.String(), " lost=0 ") {
		t.Errorf("demo = %v, %s", err, out.String())
	}
}

func TestDemoSaysWhichAddressIsTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	for flag, words := range map[string]string{
		"--endpoint-listen": "of the endpoint (--endpoint-listen)",
		"--admin-listen":    "stop it, or choose another port",
		"--page-listen":     "of the subscriber's page (--page-listen)",
	} {
		var out, log syncBuffer
		err := run(t.Context(), []string{"demo", flag, taken.Addr().String()}, &out, &log)
		if exitStatus(err) != statusFailed || !strings.Contains(log.String(), words) {
			t.Errorf("%s: status %d, %q, want %q", flag, exitStatus(err), log.String(), words)
		}
	}
}

func TestDemoRefusesNumbersThatMeanNothing(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{
		"--rate=-1", "--rate=nan", "--quota=nan", "--duration=-1s", "--nats-port=65536", "--nats-port=-1",
	} {
		var out, log syncBuffer
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		err := run(ctx, []string{"demo", "--duration", "10ms", flag}, &out, &log)
		cancel()
		name, _, _ := strings.Cut(strings.TrimPrefix(flag, "--"), "=")
		if exitStatus(err) != statusUsage || !strings.Contains(log.String(), name) {
			t.Errorf("%s: status %d, %q, want %d and the flag's name", flag, exitStatus(err), log.String(), statusUsage)
		}
	}
}

func TestDemoRefusesAWrongLogLevelByName(t *testing.T) {
	t.Parallel()
	var out, log syncBuffer
	err := run(t.Context(), []string{"demo", "--duration", "1s", "--log-level", "loud"}, &out, &log)
	want := "--log-level: \"loud\" is not one of debug, info, warn, error"
	if exitStatus(err) != statusUsage || !strings.Contains(log.String(), want) {
		t.Errorf("%v, %s, want %q", err, log.String(), want)
	}
}

func TestShellsAreOfferedTheValuesOfTheDemosFlags(t *testing.T) {
	t.Parallel()
	expectOffer(t, "demo --batch ", "none lines json length-prefixed packed")
}
