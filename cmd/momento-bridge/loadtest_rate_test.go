package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/report"
)

// loadtestRate runs the command against the world's endpoint and returns its report, what it wrote to standard error,
// and how it ended.
func (w *world) loadtestRate(ctx context.Context, args ...string) (*report.Report, string, error) {
	w.t.Helper()
	var stdout, stderr syncBuffer
	args = append([]string{
		"loadtest", "rate", "--endpoint", w.endpoint, "--api-key-file", w.keyFile, "--cache", "c",
		"--format", "json", "--yes",
	}, args...)
	err := run(ctx, args, &stdout, &stderr)
	if text := stdout.String() + stderr.String(); strings.Contains(strings.ReplaceAll(text, w.keyFile, ""), testKey) {
		w.t.Errorf("the key is in the output: %s", text)
	}
	if stdout.String() == "" {
		return nil, stderr.String(), err
	}
	var r report.Report
	if err := json.Unmarshal([]byte(stdout.String()), &r); err != nil {
		w.t.Fatalf("%v in %s", err, stdout.String())
	}
	return &r, stderr.String(), err
}

func TestRateCountsWhatTheEndpointCounts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, arrivals, rate string
		most                 int // Publishes in a second; a busy machine may leave out some.
	}{{"evenly", "even", "300", 301}, {"at random", "poisson", "300", 450}, {"in bursts", "burst:50", "200", 200}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, emulator.Config{Settings: emulator.Settings{Rate: 40, Burst: 20}})
			r, log, err := w.loadtestRate(t.Context(), "--rate", c.rate, "--duration", "1s", "--arrivals", c.arrivals,
				"--cache", "d", "--topics", "3", "--label", "who=me")
			if err != nil {
				t.Fatal(err)
			}
			stats := w.emulator.Stats()
			trial := r.Trials[0]
			if trial.Accepted != stats.Accepted || trial.Refused != stats.Rejected[429] || trial.Failed != 0 ||
				r.Requests != trial.Accepted+trial.Refused {
				t.Errorf("the report says %+v, the endpoint %+v", trial, stats)
			}
			if r.Requests == 0 || r.Requests > c.most {
				t.Errorf("%d publishes, %d accepted", r.Requests, trial.Accepted)
			}
			if trial.NotSent == 0 && (len(stats.Topics) != 6 || stats.Topics[0].Topic != "loadtest-1" ||
				stats.Topics[5].Cache != "d") {
				t.Errorf("published to %v", stats.Topics)
			}
			offered, accepted := 0, 0
			for _, s := range r.Seconds {
				offered, accepted = offered+s.Offered, accepted+s.Accepted
			}
			if offered < r.Requests || accepted != trial.Accepted || r.Latency["accepted"].Count != trial.Accepted ||
				r.Latency["refused"].Count != trial.Refused {
				t.Errorf(
					"seconds add up to %d offered, %d accepted; latencies %d and %d", offered, accepted,
					r.Latency["accepted"].Count, r.Latency["refused"].Count)
			}
			if trial.Refused > 0 && (len(r.Refusals) != 1 || r.Refusals[0].Count != trial.Refused ||
				!strings.Contains(r.Refusals[0].Text, "Request rate exceeded")) {
				t.Errorf("refusals %+v", r.Refusals)
			}
			if r.Test != report.Rate || r.Verdict != "" || r.Settings.Labels["who"] != "me" ||
				r.Settings.Shape != c.arrivals || r.Generator.SendDelay.Count != r.Requests {
				t.Errorf("the report says %+v of %+v, %d delays", r.Settings, r.Test, r.Generator.SendDelay.Count)
			}
			if n := strings.Count(log, "\n"); n < 2 || n > 20 || strings.Contains(log, "\x1b") {
				t.Errorf("progress is no line a second:\n%s", log)
			}
		})
	}
}

// cancelledAfter returns a context that is cancelled once the endpoint has accepted so many publishes.
func (w *world) cancelledAfter(accepted int) context.Context {
	ctx, cancel := context.WithCancel(w.t.Context())
	go func() {
		defer cancel()
		eventually(w.t, "a test under way",
			func() bool { return ctx.Err() != nil || w.emulator.Stats().Accepted >= accepted })
	}()
	return ctx
}

func TestCtrlCStillWritesTheReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	dir := filepath.Join(t.TempDir(), "results")
	ctx := w.cancelledAfter(50)
	r, _, err := w.loadtestRate(ctx, "--rate", "100", "--duration", "1h", "--out", dir)
	if exitStatus(err) != statusInterrupted || r == nil || !r.Interrupted || r.Requests < 50 ||
		w.emulator.Stats().Accepted != r.Requests {
		t.Fatalf("ended with %v and %+v", err, r)
	}
	text, err := os.ReadFile(filepath.Join(dir, "report.json"))
	var written report.Report
	if err != nil || json.Unmarshal(text, &written) != nil || written.Requests != r.Requests || !written.Interrupted {
		t.Errorf("%v; written %s", err, text)
	}
}

func TestRateSaysWhatIsWrongAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	for _, c := range []struct {
		args []string
		want []string
	}{
		{nil, []string{"--rate is missing"}},
		{
			[]string{
				"--rate", "0", "--duration", "10ms", "--arrivals", "often", "--size", "0", "--topics", "0",
				"--label", "x", "--format", "html", "--max-requests", "0",
			},
			[]string{
				"--rate is 0", "--duration is 10ms", `unknown arrivals "often"`, "--size is 0", "--topics is 0",
				`--label "x"`, `--format is "html"`, "--max-requests is 0",
			},
		},
		{
			[]string{"--rate", "1", "--connections", "0", "--timeout", "1ms", "--region", "us-east-1"},
			[]string{`--connections: "0" is out of range`, `--timeout: "1ms" is too little`, "--endpoint: "},
		},
		{[]string{"--rate", "1", "--via", "kafka"}, []string{`--via is "kafka": write nats`}},
		{[]string{"--rate", "1", "--subject", "a", "--stream", "S"}, []string{
			"--subject goes with --via nats only",
			"--stream goes with --via nats only",
		}},
		{
			[]string{"--rate", "1", "--via", "nats", "--cache", "d", "--size", "34", "--topics", "1000"},
			[]string{"--subject is missing", "--cache is there 2 times", "at least 35 bytes", "--topics is 1000"},
		},
		{
			[]string{"--rate", "1", "--via", "nats", "--subject", "a", "--topics", "101"},
			[]string{"--topics is 101: each has a subscriber of the test's, and Momento lets an account have 100"},
		},
		{
			[]string{"--rate", "1", "--via", "nats", "--subject", "a.>"},
			[]string{`--subject "a.>" is none to publish to`},
		},
		{[]string{"--rate", "1", "--cache", ""}, []string{"--cache is empty"}},
		{[]string{"--rate", "1", "--api-key-file", "/nowhere"}, []string{"--api-key-file: ", "/nowhere"}},
		{[]string{"--rate", "1", "-c", "/nowhere"}, []string{"no configuration file /nowhere"}},
	} {
		r, log, err := w.loadtestRate(t.Context(), c.args...)
		if r != nil || exitStatus(err) != statusUsage {
			t.Errorf("%q ended with %v", c.args, err)
		}
		for _, want := range c.want {
			if !strings.Contains(log, want) {
				t.Errorf("%q: no %q in\n%s", c.args, want, log)
			}
		}
	}
	if n := w.emulator.Stats().Accepted; n > 0 {
		t.Errorf("%d publishes were sent all the same", n)
	}
}

func TestRateTakesEndpointAndKeyFromTheDaemonsConfiguration(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	file := w.config("", "  - {name: r, subject: a, cache: other}\n")
	var stdout, stderr syncBuffer
	err := run(t.Context(), []string{
		"loadtest", "rate", "-c", file, "--cache", "c", "--rate", "20", "--duration",
		"1s", "--yes",
	}, &stdout, &stderr)
	topics := w.emulator.Stats().Topics
	if err != nil || len(topics) != 1 || topics[0].Cache != "c" || topics[0].Accepted == 0 {
		t.Errorf("%v; published to %v\n%s", err, topics, stderr.String())
	}
	region := w.writeConfig("momento: {region: us-east-1, api_key_url: 'https://vending.example/'}\n" +
		"routes: [{name: r, subject: a, cache: other}]\n")
	if r, log, err := w.loadtestRate(t.Context(), "-c", region, "--rate", "20", "--duration", "1s"); err != nil ||
		r.Target.Endpoint != w.endpoint {
		t.Errorf("flags do not take the place of the file's endpoint and key: %v\n%s", err, log)
	}
	if !strings.Contains(stdout.String(), "accepted") {
		t.Errorf("the text is %q", stdout.String())
	}
}

func TestRateEndsWithTheReasonWhenTheKeyIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulator.Config{})
	w.writeKey("another")
	r, log, err := w.loadtestRate(t.Context(), "--rate", "100", "--duration", "1m")
	if exitStatus(err) != statusFailed || r == nil || r.Trials[0].Accepted > 0 || r.Requests > 100 ||
		!strings.Contains(log, "the endpoint refuses the API key") {
		t.Errorf("ended with %v, %+v", err, r)
	}
}

func TestHelpOfLoadtestSaysWhoseAccountItIsFor(t *testing.T) {
	for _, args := range [][]string{{"loadtest", "--help"}, {"loadtest", "rate", "--help"}} {
		var out syncBuffer
		if err := run(t.Context(), args, &out, &out); err != nil || !strings.Contains(out.String(),
			"your own account") {
			t.Errorf("%v: %v, %s", args, err, out.String())
		}
	}
}
