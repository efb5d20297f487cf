package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"momento-bridge/condition"
	"momento-bridge/config"
	"momento-bridge/daemon/daemontest"
	"momento-bridge/daemon/state"
	"momento-bridge/pipeline"
)

const keeperKey = "a-key-that-nobody-may-see"

// keeping is a keeper of a plan, and what it has learned.
type keeping struct {
	*keeper

	log *daemontest.Buffer
	mu  sync.Mutex // Guards the following.
	now map[string]pipeline.Learned
}

func keeperPlan(t *testing.T, dir, limits string) *Plan {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(keeperKey), 0o600); err != nil {
		t.Fatal(err)
	}
	f := config.Read("f", fmt.Appendf(nil, "nats: {url: \"nats://127.0.0.1:9\"}\nadmin: {listen: \"127.0.0.1:0\"}\n"+
		"momento: {endpoint: \"http://127.0.0.1:9\", api_key_file: %q}\nstate_dir: %q\nlimits: {%s}\n"+
		"routes: [{name: r, subject: a, cache: c}]\n", path, dir, limits))
	f.Validate()
	p := NewPlan(f)
	if err := f.Err(); err != nil {
		t.Fatal(err)
	}
	return p
}

func newKeeping(t *testing.T, dir string) *keeping {
	t.Helper()
	k := &keeping{log: &daemontest.Buffer{}}
	k.keeper = newKeeper(keeperPlan(t, dir, ""), slog.New(slog.NewJSONHandler(k.log, nil)))
	k.learned = func() map[string]pipeline.Learned {
		k.mu.Lock()
		defer k.mu.Unlock()
		return maps.Clone(k.now)
	}
	return k
}

func (k *keeping) learn(perSecond float64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now = map[string]pipeline.Learned{pipeline.ScopeRegion: {Quota: perSecond, Found: 1}}
}

// kept is what the file says of the region; 0: nothing.
func kept(t *testing.T, dir string) float64 {
	t.Helper()
	quotas, err := state.ReadQuotas(dir, time.Now())
	if err != nil {
		t.Error(err)
	}
	if len(quotas) == 0 {
		return 0
	}
	return quotas[0].PerSecond
}

func TestWhatIsLearnedIsWrittenOnceAMinuteAndAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		k := newKeeping(t, dir)
		var writes atomic.Int32
		k.write = func(dir string, now time.Time, quotas []state.Quota) error {
			writes.Add(1)
			return state.WriteQuotas(dir, now, quotas)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); k.run(ctx) }()
		at := func(after time.Duration, wantWrites int32, want float64) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			if got := kept(t, dir); writes.Load() != wantWrites || got != want {
				t.Errorf("%d writes, %g/s kept, want %d and %g/s", writes.Load(), got, wantWrites, want)
			}
		}
		at(10*time.Minute, 0, 0) // Nothing has been learned.
		k.learn(100)
		at(2*lookEvery, 1, 100)
		k.learn(101)
		at(30*time.Second, 1, 100)
		at(30*time.Second, 2, 101)
		at(10*time.Minute, 2, 101) // Nothing has changed.
		for i := range 60 {
			k.learn(200 + float64(i))
			time.Sleep(lookEvery)
		}
		if n := writes.Load() - 2; n < 4 || n > 6 {
			t.Errorf("%d writes in five minutes in which it changed all the time, want one a minute", n)
		}
		k.mu.Lock()
		k.now = map[string]pipeline.Learned{}
		k.mu.Unlock()
		time.Sleep(2 * writeEvery)
		if synctest.Wait(); kept(t, dir) != 0 {
			t.Errorf("%g/s kept although that is not known any more", kept(t, dir))
		}
		k.learn(300)
		stop()
		<-ended
		if got := kept(t, dir); got != 300 {
			t.Errorf("%g/s kept at the end, want 300/s", got)
		}
		text, err := os.ReadFile(filepath.Join(dir, state.QuotasFile))
		if err != nil || strings.Contains(string(text), keeperKey) || k.log.String() != "" {
			t.Errorf("the file says %s, %v, and the log %s", text, err, k.log)
		}
	})
}

func TestADirectoryThatCannotBeUsedIsToldOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKeeping(t, t.TempDir())
		var broken atomic.Bool
		k.write = func(string, time.Time, []state.Quota) error {
			if broken.Load() {
				return errors.New("it is full")
			}
			return nil
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); k.run(ctx) }()
		told := func(want int) {
			t.Helper()
			for i := range 20 {
				k.learn(100 + float64(i))
				time.Sleep(time.Minute)
			}
			synctest.Wait()
			if got := strings.Count(k.log.String(), "it is full"); got != want {
				t.Errorf("told %d times, want %d: %s", got, want, k.log)
			}
			d := Daemon{keeper: k.keeper, plan: k.plan}
			if so := d.isSo(condition.Unwritten, ""); so != broken.Load() {
				t.Errorf("it is a problem: %t, want %t", so, broken.Load())
			}
		}
		broken.Store(true)
		told(1)
		broken.Store(false)
		told(1)
		broken.Store(true)
		told(2) // It is another time that it fails.
		stop()
		<-ended
		if !strings.Contains(k.log.String(), "state_dir") || !strings.Contains(k.log.String(), condition.Attribute) {
			t.Errorf("the log does not say what to do: %s", k.log)
		}
	})
}

func TestADiskThatHangsHoldsUpNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := newKeeping(t, t.TempDir())
		var writes atomic.Int32
		answers := make(chan struct{})
		k.write = func(string, time.Time, []state.Quota) error {
			writes.Add(1)
			<-answers
			return nil
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); k.run(ctx) }()
		for i := range 20 {
			k.learn(100 + float64(i))
			time.Sleep(time.Minute)
		}
		if n := writes.Load(); n != 1 || strings.Count(k.log.String(), "cannot be kept: ") != 1 {
			t.Errorf("%d writes at a time, told: %s", n, k.log)
		}
		answers <- struct{}{}
		k.learn(200)
		time.Sleep(2 * time.Minute)
		if n := writes.Load(); n != 2 {
			t.Errorf("%d writes after the disk has answered once, want 2", n)
		}
		began := time.Now()
		stop()
		<-ended
		if took := time.Since(began); took > diskTimeout {
			t.Errorf("the stop waits for %v", took)
		}
		close(answers)
	})
}

func TestQuotasOfAnotherAccountAreNotBelieved(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ours := keeperPlan(t, "", "").account()
	for name, tt := range map[string]struct {
		change func(*state.Quota)
		limits string
		want   int
	}{
		"ours":                    {func(*state.Quota) {}, "", 1},
		"ours, below a ceiling":   {func(*state.Quota) {}, "rate: 5", 1},
		"another endpoint":        {func(q *state.Quota) { q.Endpoint = "http://127.0.0.1:10" }, "", 0},
		"another key":             {func(q *state.Quota) { q.Key = "0123456789abcdef" }, "", 0},
		"another unit":            {func(*state.Quota) {}, "unit: operations", 0},
		"nothing is learned":      {func(*state.Quota) {}, "rate: unlimited", 0},
		"a cache without one":     {func(q *state.Quota) { q.Scope = "cache:c" }, "", 0},
		"a cache with a quota":    {func(q *state.Quota) { q.Scope = "cache:c" }, "caches: {c: {rate: auto}}", 1},
		"measured the day before": {func(q *state.Quota) { q.Measured = now.Add(-25 * time.Hour) }, "", 0},
	} {
		dir := t.TempDir()
		q := state.Quota{
			Account: ours, Scope: pipeline.ScopeRegion, PerSecond: 4870, Found: 3, Measured: now.Add(-3 * time.Hour),
		}
		tt.change(&q)
		if err := state.WriteQuotas(dir, q.Measured, []state.Quota{q}); err != nil {
			t.Fatal(err)
		}
		log := &daemontest.Buffer{}
		k := newKeeper(keeperPlan(t, dir, tt.limits), slog.New(slog.NewTextHandler(log, nil)))
		if known := k.recall(now); len(known) != tt.want {
			t.Errorf("%s: %+v is believed, want %d", name, known, tt.want)
		}
		if told := strings.Contains(log.String(), "a learned quota is tried first"); told != (tt.want == 1) {
			t.Errorf("%s: the log says %s", name, log)
		}
		if tt.want == 1 && !strings.Contains(log.String(), "quota=4870/s age=3h0m") {
			t.Errorf("%s: the log says %s", name, log)
		}
	}
}

func TestADaemonGoesOnFromWhatWasKept(t *testing.T) {
	t.Parallel()
	nats := daemontest.StartNATS(t, &server.Options{})
	plan := keeperPlan(t, t.TempDir(), "")
	plan.nats.URL = nats.ClientURL()
	measured := time.Now().Add(-3 * time.Hour).UTC().Truncate(time.Second)
	q := state.Quota{
		Account: plan.account(), Scope: pipeline.ScopeRegion, PerSecond: 4870, Floor: 0.03, Found: 3,
		Measured: measured,
	}
	if err := state.WriteQuotas(plan.stateDir, measured, []state.Quota{q}); err != nil {
		t.Fatal(err)
	}
	d, err := New(Config{Plan: plan}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if rate := d.pipe.Stats().Quotas[0].Rate; rate < 0.9*q.PerSecond || rate >= q.PerSecond {
		t.Errorf("it starts at %g/s, want a little below %g/s", rate, q.PerSecond)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := d.Run(ctx); err != nil {
		t.Errorf("Run = %v", err)
	}
	// What is not measured anew does not become younger.
	quotas, err := state.ReadQuotas(plan.stateDir, time.Now())
	if err != nil || len(quotas) != 1 || !quotas[0].Measured.Equal(measured) {
		t.Errorf("kept %+v, %v", quotas, err)
	}
}

func TestADamagedStateFileIsToldAndReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	half := []byte(`{"schema":1,"quotas":[{"per`)
	if err := os.WriteFile(filepath.Join(dir, state.QuotasFile), half, 0o600); err != nil {
		t.Fatal(err)
	}
	k := newKeeping(t, dir)
	if learned := k.recall(time.Now()); len(learned) != 0 || !strings.Contains(k.log.String(), "it is ignored") {
		t.Errorf("learned %v, the log says %s", learned, k.log)
	}
	k.learn(100)
	k.look(time.Now())
	k.save(time.Now())
	if got := kept(t, dir); got != 100 {
		t.Errorf("%g/s kept, want 100/s", got)
	}
}

func TestWithoutADirectoryNothingIsKept(t *testing.T) {
	t.Parallel()
	k := newKeeping(t, "")
	k.write = func(string, time.Time, []state.Quota) error { t.Error("it writes"); return nil }
	k.learn(100)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	k.run(ctx)
	if learned := k.recall(time.Now()); len(learned) != 0 || k.log.String() != "" {
		t.Errorf("learned %v, the log says %s", learned, k.log)
	}
}
