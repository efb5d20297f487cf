package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"momento-bridge/admin"
	"momento-bridge/batch"
	"momento-bridge/emulator"
)

// post changes something through the admin listener.
func (p *process) post(path, header string) (int, string) {
	p.t.Helper()
	req, err := http.NewRequest(http.MethodPost, p.URL+path, http.NoBody)
	if err != nil {
		p.t.Fatal(err)
	}
	if header != "" {
		req.Header.Set("X-Momento-Bridge", header)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, strings.TrimSpace(string(text))
}

func (p *process) status() admin.Status {
	p.t.Helper()
	var s admin.Status
	_, body := p.get("/api/v1/status")
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		p.t.Fatalf("%v: %s", err, body)
	}
	return s
}

// Each format, from JetStream: whatever was published comes out of the batches, in order and once, and what cannot be
// framed is dead-lettered.
func TestBatchesCarryEveryMessageInOrder(t *testing.T) {
	for _, format := range []batch.Format{batch.Lines, batch.JSON, batch.LengthPrefixed, batch.Packed} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			const n = 2000
			got := newRecord()
			w := newWorld(t, emulator.Config{OnAccept: got.accepted, Settings: emulator.Settings{Rate: 40, Burst: 40}})
			w.stream("S", "s.*")
			w.stream("DEAD", "dead.s")
			w.fill(n, func(i int) (string, string) {
				if i == 77 {
					return "s.t0", "poison\n" + strings.Repeat("x", 100)
				}
				return fmt.Sprintf("s.t%d", i%5), fmt.Sprintf(`{"n":%d}`, i)
			})
			p := startDaemon(t, "-c", w.config("limits: {rate: auto}", fmt.Sprintf(
				`  - {name: s, stream: S, subject: "s.*", cache: c, batch: {format: %s}, dead_letter: {subject: `+
					`dead.s}}`, format)))
			dead := 0.0
			if format == batch.Lines {
				dead = 1
			}
			eventually(t, "all settled", func() bool {
				return p.metric(`messages_settled_total{outcome="published",route="s"}`) == n-dead &&
					p.metric(`messages_settled_total{outcome="dead_lettered",route="s"}`) == dead
			})
			if err := p.stop(); err != nil {
				t.Errorf("run = %v", err)
			}
			publishes := 0
			for topic := range 5 {
				var numbers []int
				for _, body := range got.topic(fmt.Sprintf("c/s.t%d", topic)) {
					publishes++
					messages, err := batch.Split(format, []byte(body))
					if err != nil {
						t.Fatal(err)
					}
					for _, m := range messages {
						if bytes.HasPrefix(m, []byte("poison")) {
							continue
						}
						var number int
						fmt.Sscanf(string(m), `{"n":%d}`, &number)
						numbers = append(numbers, number)
					}
				}
				var want []int
				for i := topic; i < n; i += 5 {
					if i != 77 {
						want = append(want, i)
					}
				}
				if topic == 0 {
					want = slices.DeleteFunc(want, func(i int) bool { return i == 77 })
				}
				if !slices.Equal(numbers, want) {
					t.Errorf("topic %d: %d messages, not %d in order", topic, len(numbers), len(want))
				}
			}
			t.Logf("%d messages in %d publishes", n, publishes)
			if publishes > n/5 {
				t.Errorf("%d publishes for %d messages at a quota of 40/s", publishes, n)
			}
		})
	}
}

func TestOperatorPausesAndResumesARoute(t *testing.T) {
	t.Parallel()
	w, got := newRecordedWorld(t)
	w.stream("S", "s")
	p := startDaemon(t, "-c", w.config("", `  - {name: s, stream: S, cache: c}`))
	p.awaitReady()
	if status, text := p.post("/api/v1/pause", ""); status != 403 || text != "send the header X-Momento-Bridge: 1" {
		t.Errorf("without the header: %d %q", status, text)
	}
	if status, text := p.post("/api/v1/pause?route=other", "1"); status != 404 || text != `there is no route "other"; there is: s` {
		t.Errorf("another route: %d %q", status, text)
	}
	if status, text := p.post("/api/v1/pause?route=s", "1"); status != 200 ||
		!strings.HasPrefix(text, "paused\n") {
		t.Errorf("pause: %d %q", status, text)
	}
	w.publish("s", "x")
	time.Sleep(300 * time.Millisecond)
	if s := p.status(); got.total() > 0 || s.Routes[0].State != "paused" ||
		p.metric(`route_state{route="s",state="paused"}`) != 1 {
		t.Errorf("%d published while paused, status %+v", got.total(), s.Routes[0])
	}
	if status, _ := p.post("/api/v1/resume", "1"); status != 200 {
		t.Errorf("resume: %d", status)
	}
	eventually(t, "published", func() bool { return got.total() == 1 })
}

// It does not run beside others: the signal reaches every daemon of the process.
func TestReloadPutsLimitsInForce(t *testing.T) {
	w, got := newRecordedWorld(t)
	w.stream("S", "s")
	file := w.config("limits: {rate: 0.01}", `  - {name: s, stream: S, cache: c}`)
	p := startDaemon(t, "-c", file)
	p.awaitReady()
	w.fill(50, func(int) (string, string) { return "s", "x" })
	eventually(t, "the first", func() bool { return got.total() == 1 })
	change := func(limits string) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		lines[2] = limits
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	change("limits: {rate: fast}")
	eventually(t, "the refusal",
		func() bool { return strings.Contains(p.log.String(), "the configuration was not reloaded") })
	change("limits: {rate: 1000, group: other}")
	eventually(t, "all published", func() bool { return got.total() == 50 })
	warned := func() int { return strings.Count(p.log.String(), `"needs_a_restart":"limits.group"`) }
	reloaded := func(n int) func() bool {
		return func() bool { return strings.Count(p.log.String(), "the configuration was reloaded") == n }
	}
	eventually(t, "the warning", func() bool { return warned() == 1 })
	change("limits: {rate: 1000, group: other}")
	eventually(t, "the warning again, as the change still waits for a restart", func() bool { return warned() == 2 })
	change("limits: {rate: 1000}")
	eventually(t, "the third reload", reloaded(3))
	change("limits: {rate: 1000}")
	eventually(t, "the fourth reload", reloaded(4))
	if n := warned(); n != 2 {
		t.Errorf("%d warnings, want none of a change that was taken back", n)
	}
	if rate := p.status().Quotas[0].Rate; rate == nil || *rate != 1000 {
		t.Errorf("the rate in force is %v", rate)
	}
}

func TestStatusForecastsWhatCannotBeDrained(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	w.stream("S", "s")
	p := startDaemon(t, "-c", w.config("limits: {rate: 10}", `  - {name: s, stream: S, cache: c}`))
	p.awaitReady()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for began, sent := time.Now(), 0; ; {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
			for ; sent < int(time.Since(began)/(10*time.Millisecond)); sent++ { // Also where this is woken late.
				_, _ = w.js.PublishAsync("s", []byte(strings.Repeat("x", 60)))
			}
		}
	}()
	var last admin.Status
	eventually(t, "the forecast and its line in the log", func() bool {
		last = p.status()
		r := &last.Routes[0]
		return r.Arrivals > 20 && strings.HasPrefix(r.Forecast, "never: arrivals") && r.Capacity != nil &&
			*r.Capacity <= 15 && strings.Contains(r.Forecast, "with batch: json it would be") &&
			strings.Contains(p.log.String(), "messages come faster than they can be published")
	})
	if r := &last.Routes[0]; r.DrainSeconds != nil {
		t.Errorf("status %+v", r)
	}
	eventually(t, "drain_seconds +Inf", func() bool { return p.metric(`drain_seconds{route="s"}`) > 1e300 })
	if q := last.Quotas[0]; q.Scope != "region" || q.State != "ceiling" || q.Reason != "the configured rate of 10/s" {
		t.Errorf("quota %+v", q)
	}
}

func TestCheckCountsWhatEventsAddToMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	file := w.config("limits: {rate: 10}",
		`  - {name: a, stream: S, subject: a, cache: c, envelope: cloudevents, batch: {format: json}}
  - {name: b, stream: S, subject: b, cache: c, envelope: cloudevents}
  - {name: d, stream: S, subject: d, cache: c, envelope: cloudevents, batch: {format: json, max_bytes: 200}}`)
	var out bytes.Buffer
	if err := run(t.Context(), []string{"check", "-c", file}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"→ 80 messages/s of 256 bytes each, 8 in a publish",
		"→ 10 messages/s; with batch: {format: json} up to 80/s",
		"! route d: its events have 200 bytes at the most",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("check does not say %q:\n%s", want, out.String())
		}
	}
	if n := strings.Count(out.String(), "rejected as too_large"); n != 1 {
		t.Errorf("%d routes are said to be too small, not 1:\n%s", n, out.String())
	}
}

func TestCheckPrintsCeilingsAndWarnings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	file := w.config("limits: {rate: 10, unit: operations}",
		`  - {name: a, stream: S, subject: a, cache: c, subscribers: 4, weight: 3, batch: {format: json}}
  - {name: b, subject: b, cache: c, ordering: none, max_age: 50ms}`)
	var out bytes.Buffer
	if err := run(t.Context(), []string{"check", "-c", file}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"rate 10, counted in operations",
		"batches    json, up to 4096 bytes; overload block, messages never expire",
		"ceiling    quota: 0.5 publishes/s, 0.38/s while the other routes are busy",
		"ordering: 50 publishes/s of one topic at 20ms each",
		"→ 8 messages/s of 256 bytes each, 16 in a publish",
		"ceiling    quota: 10 publishes/s, 2.5/s while the other routes are busy",
		"→ 10 messages/s; with batch: {format: json} up to 160/s",
		"! route b: max_age 50ms is shorter than the 100ms between two publishes",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("check does not say %q:\n%s", want, out.String())
		}
	}
}
