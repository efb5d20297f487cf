package trials_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"momento-bridge/loadtest/drive"
	"momento-bridge/loadtest/search"
	"momento-bridge/loadtest/trials"
)

var errStopped = errors.New("stopped")

// bucket is an engine in front of a token bucket, which is full before each trial. It has a clock of its own.
type bucket struct {
	rate, burst float64
	now, ended  float64 // ended: when the last trial was.
	stopIn      int     // Trials after which one is stopped midway; 0: none is.
	made        int
	kept        drive.Kept
	recalled    []drive.Kept
}

func (b *bucket) Now() float64         { return b.now }
func (b *bucket) Idle(seconds float64) { b.now += seconds }

func (b *bucket) Keep() (drive.Kept, error) {
	k := b.kept
	b.kept, k.Now = drive.Kept{}, b.now
	return k, nil
}

func (b *bucket) Recall(k drive.Kept) error {
	b.now, b.ended, b.recalled = k.Now, k.Now, append(b.recalled, k)
	return nil
}

func (b *bucket) Run(most search.Cap, phases ...search.Phase) search.Trial {
	b.made++
	trial, tokens, sent := search.Trial{OnTime: 1}, b.burst, 0
	for _, p := range phases {
		o := search.Outcome{Phase: p, Began: b.now}
		var events []search.Event
		asked := 0.5
		for at := 0.0; at < p.Seconds && (p.Refusals == 0 || o.Refused < p.Refusals); at += 1 / p.Rate {
			if p.Enough != nil && at >= asked {
				if asked += 0.5; p.Enough(events) {
					break
				}
			}
			if sent++; sent > most.Requests {
				trial.Capped = search.ErrRequests
				break
			}
			if b.stopIn == b.made && sent > 5 {
				trial.Fatal = errStopped
				break
			}
			tokens = min(b.burst, tokens+b.rate/p.Rate)
			e := search.Event{At: whole(b.now + at), Answered: whole(b.now + at + 0.001), Refused: tokens < 1}
			if e.Refused {
				o.Refused++
			} else {
				o.Accepted++
				tokens--
			}
			events = append(events, e)
			o.Took = at
		}
		b.now = whole(b.now + o.Took + 1/p.Rate)
		if p.Enough != nil {
			o.Events = events
		}
		trial.Phases = append(trial.Phases, o)
		b.kept.Seconds = append(b.kept.Seconds, drive.Second{Accepted: o.Accepted, Refused: o.Refused})
		if trial.Fatal != nil || trial.Capped != nil {
			break
		}
	}
	if trial.Fatal != nil { // Otherwise all that comes later would be later by this.
		b.now = b.ended
	}
	b.ended = b.now
	return trial
}

// whole is a time in whole nanoseconds, as the clock of an engine has it.
func whole(seconds float64) float64 { return math.Round(seconds*1e9) / 1e9 }

// find searches from the start, or goes on with what is kept in a directory.
func find(t *testing.T, dir string, b *bucket, cfg search.Config) (*search.Result, *trials.File) {
	t.Helper()
	file, err := trials.Open(dir)
	if err != nil {
		if file, err = trials.Create(dir, trials.Header{}); err != nil {
			t.Fatal(err)
		}
	}
	heads := 0
	cfg.Flip = func() bool { heads++; return heads%3 == 0 }
	cfg.MaxRequests -= file.Spent()
	r := search.Find(cfg, file.Tester(b))
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return r, file
}

func TestResumedSearchIsTheSameAfterAnyTrial(t *testing.T) {
	t.Parallel()
	cfg := search.Default()
	cfg.Width = 0.02
	whole := &bucket{rate: 50, burst: 20}
	want, _ := find(t, t.TempDir(), whole, cfg)
	if !want.Proved {
		t.Fatal(want.Reason)
	}
	for k := 1; k <= whole.made; k++ {
		dir := t.TempDir()
		stopped := &bucket{rate: 50, burst: 20, stopIn: k}
		if r, _ := find(t, dir, stopped, cfg); !errors.Is(r.Err, errStopped) {
			t.Fatalf("stopped in trial %d: %v", k, r.Err)
		}
		again := &bucket{rate: 50, burst: 20}
		got, file := find(t, dir, again, cfg)
		if again.made != whole.made-k+1 || file.Trials() != k-1 {
			t.Errorf("resumed in trial %d: made %d more, read %d", k, again.made, file.Trials())
		}
		if a, b := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); a != b {
			t.Errorf("resumed in trial %d:\n%s, want\n%s", k, a, b)
		}
		if file.Spent() == 0 || len(again.recalled) != k {
			t.Errorf("resumed in trial %d: %d spent, recalled %d times", k, file.Spent(), len(again.recalled))
		}
	}
}

func TestWhatWasSpentBeforeCountsTowardsTheCap(t *testing.T) {
	t.Parallel()
	cfg, dir := search.Default(), t.TempDir()
	stopped := &bucket{rate: 50, burst: 20, stopIn: 3}
	find(t, dir, stopped, cfg)
	cfg.MaxRequests = 40 // Of which the first three trials took more.
	again := &bucket{rate: 50, burst: 20}
	if r, _ := find(t, dir, again, cfg); !errors.Is(r.Err, search.ErrRequests) || again.made != 0 {
		t.Errorf("%v after %d more trials", r.Err, again.made)
	}
	cfg = search.Default()
	if r, _ := find(t, dir, again, cfg); !r.Proved {
		t.Errorf("with a higher cap: %s", r.Reason)
	}
}

func TestTrialsOfAnotherSearchAreNotReplayed(t *testing.T) {
	t.Parallel()
	cfg, dir := search.Default(), t.TempDir()
	find(t, dir, &bucket{rate: 50, burst: 20, stopIn: 6}, cfg)
	cfg.Start = 9
	again := &bucket{rate: 50, burst: 20}
	if r, _ := find(t, dir, again, cfg); r.Err == nil || !strings.Contains(r.Err.Error(), "another version") ||
		again.made != 0 {
		t.Errorf("%v", r.Err)
	}
}

func TestDamagedFileIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	find(t, dir, &bucket{rate: 50, burst: 20, stopIn: 8}, search.Default())
	path := filepath.Join(dir, trials.Name)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"empty":          {},
		"no whole line":  []byte(`{"schema":1`),
		"no trials":      []byte("hello\n"),
		"another schema": []byte(`{"schema":99}` + "\n"),
		"hole":           bytes.Replace(good, []byte(`{"phases"`), []byte(`"phases"`), 1),
		"events":         bytes.ReplaceAll(good, []byte(`"events":["`), []byte(`"events":["?`)),
		"no engine":      bytes.ReplaceAll(good, []byte(`"engine"`), []byte(`"engines"`)),
	} {
		if err := os.WriteFile(path, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := trials.Open(dir); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
	if _, err := trials.Open(t.TempDir()); err == nil {
		t.Error("without a file it was read")
	}
}

func TestTwoSearchesDoNotWriteToOneFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := trials.Create(dir, trials.Header{Version: "first"})
	if err != nil {
		t.Fatal(err)
	}
	first.Spend(7)
	if _, err := trials.Create(dir, trials.Header{}); err == nil || !strings.Contains(err.Error(), "is under way") {
		t.Errorf("a new search is told %v", err)
	}
	if _, err := trials.Open(dir); err == nil || !strings.Contains(err.Error(), "is under way") {
		t.Errorf("one that goes on is told %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := trials.Open(dir)
	if err != nil || second.Header.Version != "first" || second.Spent() != 7 {
		t.Fatalf("%v, %+v", err, second)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}
