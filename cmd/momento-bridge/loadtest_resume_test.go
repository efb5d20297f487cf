package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/trials"
)

func TestInterruptedSearchSaysHowToGoOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{Settings: emulator.Settings{Rate: 100, Burst: 20}})
	dir := filepath.Join(t.TempDir(), "results")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		eventually(t, "a search under way", func() bool {
			text, _ := os.ReadFile(filepath.Join(dir, trials.Name))
			return ctx.Err() != nil || strings.Contains(string(text), `"trial":`)
		})
		cancel()
	}()
	_, log, err := findLimit(ctx, w, "--yes", "--out", dir, "--effort", "quick", "--label", "run=7")
	if exitStatus(err) != statusInterrupted || !strings.Contains(log, "loadtest find --resume "+dir) {
		t.Fatalf("exit status %d: %v\n%s", exitStatus(err), err, log)
	}
	before, err := trials.Open(dir)
	if err != nil || before.Trials() == 0 {
		t.Fatalf("%v, %d trials", err, before.Trials())
	}
	sent := w.emulator.Stats()
	_ = before.Close()

	for _, c := range []struct{ args, want string }{
		{"--resume " + dir + " --size 99", "target.bytes is 99, it was 256"},
		{"--resume " + dir + " --effort proof", `effort is "proof", it was "quick"`},
		{"--resume " + t.TempDir(), "there are no trials to go on with"},
	} {
		var out, log syncBuffer
		err := run(t.Context(), append([]string{"loadtest", "find", "--yes"}, strings.Fields(c.args)...), &out, &log)
		if exitStatus(err) != statusUsage || !strings.Contains(log.String(), c.want) {
			t.Errorf("%s: exit status %d\n%s", c.args, exitStatus(err), log.String())
		}
	}
	if now := w.emulator.Stats(); now.Accepted != sent.Accepted {
		t.Errorf("%d publishes for what was refused", now.Accepted-sent.Accepted)
	}

	var out, errs syncBuffer
	err = run(t.Context(), []string{
		"loadtest", "find", "--yes", "--resume", dir, "--format", "json", "--max-requests", "1",
	}, &out, &errs) // The cap is below what was spent: it tells what is known.
	r, failed := report.Read(strings.NewReader(out.String()))
	if failed != nil || exitStatus(err) != statusUnproved ||
		r.Settings.Labels["run"] != "7" || r.Interrupted || !strings.Contains(errs.String(), "goes on") {
		t.Errorf("exit status %d: %v, %+v\n%s", exitStatus(err), failed, r, errs.String())
	}
	if s := w.emulator.Stats(); r.Requests != s.Accepted+s.Rejected[429] {
		t.Errorf("%d requests are reported, the endpoint saw %d", r.Requests, s.Accepted+s.Rejected[429])
	}
	if _, err := os.Stat(filepath.Join(dir, "report.html")); err != nil {
		t.Error(err)
	}
}

func TestPasswordsAreNotKeptWithTheFlagsOfASearch(t *testing.T) {
	t.Parallel()
	cmd := &cobra.Command{}
	cmd.Flags().String("nats-url", "", "")
	cmd.Flags().StringArray("label", nil, "")
	cmd.Flags().String("topic", "", "")
	for _, set := range [][2]string{
		{"nats-url", "nats://127.0.0.1:4222,nats://me:hunter2@127.0.0.1:4223"}, {"label", "a=b"}, {"topic", "t"},
	} {
		if err := cmd.Flags().Set(set[0], set[1]); err != nil {
			t.Fatal(err)
		}
	}
	if got := given(cmd); len(got) != 2 || got["nats-url"] != nil || !slices.Equal(got["topic"], []string{"t"}) {
		t.Errorf("kept %v", got)
	}
}
