package loadtest

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/report"
	"momento-bridge/loadtest/search"
	"momento-bridge/loadtest/trials"
)

// rested is a search in which the endpoint has forgotten everything before each trial, so that it does not matter
// whether the search was interrupted in between.
func rested(target Target) FindConfig {
	target.instead = resting{target.instead}
	cfg := FindConfig{Target: target, Search: search.Default(), Effort: Standard}
	cfg.Search.Start, cfg.Search.MaxSeconds, cfg.Search.Width = 20, 1e6, 0.05
	return cfg
}

// pause is what it rests before a trial.
const pause = 10 * time.Minute

// keep makes cfg one whose trials are kept, or one that goes on with those that are there.
func keep(t *testing.T, cfg *FindConfig, dir string) {
	t.Helper()
	asked, err := cfg.Asked()
	if err != nil {
		t.Fatal(err)
	}
	if file, err := trials.Open(dir); err == nil {
		if differ, err := cfg.Differs(file); err != nil || len(differ) > 0 {
			t.Fatalf("%v: %v", err, differ)
		}
		cfg.Resume(file)
		return
	}
	cfg.Limit()
	if err := cfg.Keep(dir, asked, nil); err != nil {
		t.Fatal(err)
	}
}

// resting is an endpoint that is left alone for a while before each trial.
type resting struct{ endpoint }

func (r resting) Publisher() drive.Publisher { return restingPublisher{r.endpoint.Publisher()} }

type restingPublisher struct{ drive.Publisher }

// Connect is called between trials.
func (restingPublisher) Connect(time.Time) error {
	time.Sleep(pause)
	return nil
}

// interruptedAt runs a search that is interrupted before its k-th new trial, or a moment after that begins.
func interruptedAt(t *testing.T, cfg FindConfig, k int, after time.Duration) *report.Report {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n, began := 0, 0
	cfg.Progress = func(p FindProgress) {
		if p.Trial <= n { // Of the seconds within a trial.
			return
		}
		n = p.Trial
		if began++; began == k {
			time.AfterFunc(pause+after, cancel)
		}
	}
	r, err := Find(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Trials.Close(); err != nil {
		t.Fatal(err)
	}
	return r
}

// That it finds the same, to the bit, is tested in package trials.
func TestReportOfResumedSearchCountsWhatWasBefore(t *testing.T) {
	limit := emulator.Settings{Rate: 40, Burst: 10}
	bubble(t, emulator.Config{Settings: limit}, func(t *testing.T, target Target, server *emulator.Server) {
		for _, k := range []int{1, 3, 8} {
			dir, before := t.TempDir(), server.Stats()
			cfg := rested(target)
			keep(t, &cfg, dir)
			part := interruptedAt(t, cfg, k, time.Duration(k%2)*time.Second)
			if !part.Interrupted {
				t.Fatalf("it was not interrupted in trial %d", k)
			}
			again := rested(target)
			keep(t, &again, dir)
			got := interruptedAt(t, again, math.MaxInt, 0)
			if got.Interrupted || got.Verdict != report.Proved || *got.CleanRate > 40 || *got.FailingRate < 40 {
				t.Fatalf("resumed after trial %d: %+v", k, got)
			}
			for i, trial := range part.Trials[:k-1] { // The last one was interrupted.
				if got.Trials[i] != trial {
					t.Errorf("resumed after trial %d, trial %d is %+v, it was %+v", k, i+1, got.Trials[i], trial)
				}
			}
			s := server.Stats()
			sent := s.Accepted + s.Rejected[429] - before.Accepted - before.Rejected[429]
			if got.Requests != sent || sumOf(got.Seconds) != sent || !(got.DurationSeconds > part.DurationSeconds) {
				t.Errorf("resumed after trial %d: %d requests in %g s, %d in its seconds; the endpoint saw %d",
					k, got.Requests, got.DurationSeconds, sumOf(got.Seconds), sent)
			}
			if got.Started != part.Started {
				t.Errorf("resumed after trial %d: it began at %v, not %v", k, got.Started, part.Started)
			}
			counted := 0
			for _, trial := range got.Trials {
				counted += trial.Accepted + trial.Refused
			}
			if n := got.Generator.SendDelay.Count; n != counted {
				t.Errorf("resumed after trial %d: %d delays of %d publishes", k, n, counted)
			}
		}
	})
}

func sumOf(seconds []report.Second) (n int) {
	for _, s := range seconds {
		n += s.Accepted + s.Refused + s.Failed
	}
	return n
}

func TestTornLastTrialIsDropped(t *testing.T) {
	bubble(t, emulator.Config{Settings: emulator.Settings{Rate: 40, Burst: 10}},
		func(t *testing.T, target Target, _ *emulator.Server) {
			dir := t.TempDir()
			cfg := rested(target)
			keep(t, &cfg, dir)
			interruptedAt(t, cfg, 4, 0)
			path := filepath.Join(dir, trials.Name)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			lines := bytes.SplitAfter(text, []byte{'\n'})
			for _, cut := range []int{1, len(lines[4]) / 2, len(lines[4]) - 1} {
				torn := append(bytes.Join(lines[:4], nil), lines[4][:cut]...)
				if err := os.WriteFile(path, torn, 0o644); err != nil {
					t.Fatal(err)
				}
				file, err := trials.Open(dir)
				if err != nil || file.Trials() != 2 { // Before them stand the header and what was spent before.
					t.Fatalf("%v: %d trials", err, file.Trials())
				}
				file.Spend(0)
				_ = file.Close()
				if file, err = trials.Open(dir); err != nil || file.Trials() != 2 {
					t.Fatalf("after it went on: %v", err)
				}
				_ = file.Close()
			}
		})
}

func TestOtherSearchIsNotResumed(t *testing.T) {
	t.Parallel()
	first := FindConfig{Target: Target{Endpoint: "a", Caches: []string{"c"}, Bytes: 100}, Search: search.Default()}
	asked, err := first.Asked()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*FindConfig)
		want   string
	}{
		"endpoint": {func(c *FindConfig) { c.Target.Endpoint = "b" }, `target.endpoint is "b", it was "a"`},
		"size":     {func(c *FindConfig) { c.Target.Bytes = 200 }, "target.bytes is 200, it was 100"},
		"seed":     {func(c *FindConfig) { c.Target.Seed = 7 }, "seed is 7, it was 0"},
		"width":    {func(c *FindConfig) { c.Search.Width = 0.5 }, "search.Width is 0.5"},
		"caps":     {func(c *FindConfig) { c.Search.MaxRequests++; c.Search.MaxSeconds++ }, ""},
		"version":  {func(c *FindConfig) { c.Target.Version = "other" }, ""},
	} {
		now := first
		c.change(&now)
		differ, err := now.Differs(&trials.File{Header: trials.Header{Asked: asked}})
		if err != nil || c.want == "" != (len(differ) == 0) || !strings.Contains(strings.Join(differ, "\n"), c.want) {
			t.Errorf("%s: %v, %v, want %s", name, err, differ, c.want)
		}
	}
	if _, err := first.Differs(&trials.File{Header: trials.Header{Asked: json.RawMessage("7")}}); err == nil {
		t.Error("a file that does not say what it is of was read")
	}
}
