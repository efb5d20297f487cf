package loadtest

import (
	"strings"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/search"
)

// told is what a plan says, a line for each.
func told(lines []Line) string {
	var all []string
	for _, l := range lines {
		all = append(all, l.Name+": "+l.Text)
	}
	return strings.Join(all, "\n")
}

func TestThePlanTellsWhatToExpectAndWhatItIsAtTheMost(t *testing.T) {
	t.Parallel()
	target := Target{
		Endpoint: "https://host.example", Caches: []string{"c", "d"}, Topic: "t", Bytes: 1500,
		Connections: 64,
	}
	cfg := FindConfig{Target: target, Search: search.Default(), Effort: Standard}
	f := func(p Price, limit float64, want ...string) {
		t.Helper()
		text := told(cfg.Plan(p, limit))
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("no %q in\n%s", w, text)
			}
		}
	}
	f(Price{}, 0, "to https://host.example, cache c and d, topic t, 1 500 bytes each",
		"each publish is 2 operations: 1 KB units × (1 + 0 subscribers)", "--price-per-million tells the money",
		"expected: where the limit is 10/s: about 3 400 publishes (6 800 operations) in 4 min 10 s, up to ",
		"where the limit is 500/s: about ", "where nothing is refused up to 10 000/s: about ",
		"at most: 5 000 000 publishes, 10 000 000 operations, 1 h 0 min, 10 000/s", "refused, too")
	f(Price{Subscribers: 3, PerMillion: 0.5}, 100, "each publish is 8 operations", "0.5 for a million",
		"expected: where the limit is 100/s: ", "40 000 000 operations, that is 20, 1 h 0 min")
	cfg.Search.MaxRate, cfg.Search.MaxSeconds = 9, 60
	f(Price{}, 0, "at most: 540 publishes, 1 080 operations, 1 min 0 s, 9/s")
	cfg.Search.MaxSeconds = 3600
	cfg.Search.MaxRate, cfg.Search.MaxRequests, cfg.Search.Gentle = 9, 100, true
	f(Price{}, 0, "expected: where nothing is refused up to 9/s: about 100 publishes", "at most: 100 publishes",
		"until a refusal, and a second more at most")
	if text := told(cfg.Plan(Price{}, 0)); strings.Contains(text, "the limit is") || strings.Contains(text, "that is") {
		t.Errorf("it tells of limits above the greatest rate, or of money that nobody named:\n%s", text)
	}
	small := target
	small.Bytes = 1024
	rate := RateConfig{Target: small, Rate: 0.3, Duration: 10 * time.Second, Arrivals: "even", MaxRequests: 1000}
	if text := told(rate.Plan(Price{})); !strings.Contains(text, "each publish is 1 operation:") ||
		!strings.Contains(text, "sends: 3 publishes (3 operations) in 10 s: 0.3/s, even") {
		t.Error(text)
	}
	rate.Via, rate.Arrivals = &Via{}, "poisson"
	if text := told(rate.Plan(Price{})); !strings.Contains(text, "sends: about 3 publishes (6 operations)") {
		t.Error(text)
	}
}

func TestARateTestSendsWhatItsPlanSays(t *testing.T) {
	for _, c := range []struct {
		rate     float64
		duration time.Duration
		most     int
		arrivals string
	}{
		{300, 2 * time.Second, 1e6, "even"},
		{0.7, 10 * time.Second, 1e6, "even"},
		{33.3, 1500 * time.Millisecond, 1e6, "even"},
		{100, time.Second, 17, "even"},
		{7, 3 * time.Second, 1e6, "burst:10"},
		{10, 2 * time.Second, 1e6, "burst:10"},
		{5, 2 * time.Second, 1e6, "burst:100"},
		{5, 2 * time.Second, 30, "burst:100"},
	} {
		t.Run("", func(t *testing.T) {
			bubble(t, emulator.Config{}, func(t *testing.T, target Target, server *emulator.Server) {
				cfg := rateOf(target, c.rate, c.duration)
				cfg.MaxRequests, cfg.Arrivals, cfg.Target.Connections = c.most, c.arrivals, 128
				r, err := Rate(t.Context(), cfg)
				if err != nil || r.Requests != cfg.Sends() || server.Stats().Accepted != cfg.Sends() {
					t.Errorf("%v: %g/s for %v, %s: sent %d, planned %d", err, c.rate, c.duration, c.arrivals,
						r.Requests, cfg.Sends())
				}
			})
		})
	}
}

// What comes after the search counts, too.
func TestAFindUsesUpWhatItsPlanExpects(t *testing.T) {
	limit := emulator.Settings{Rate: 40, Burst: 10}
	bubble(t, emulator.Config{Settings: limit}, func(t *testing.T, target Target, _ *emulator.Server) {
		cfg := FindConfig{
			Target: target, Search: search.Default(), Effort: Standard, Latency: true, Dimensions: []string{
				"size",
				"topics",
			},
			Before: 1,
		}
		cfg.Limit()
		want := cfg.Expected(40)
		r, err := Find(t.Context(), cfg)
		n := float64(r.Requests)
		if err != nil || n < want.Least.Publishes || n > want.Most.Publishes ||
			r.DurationSeconds < want.Least.Seconds ||
			r.DurationSeconds > want.Most.Seconds {
			t.Errorf("%v: %d publishes in %.0f s, expected %.0f", err, r.Requests, r.DurationSeconds, want)
		}
		bare := cfg
		bare.Latency, bare.Dimensions = false, nil
		if more := want.Usual.Publishes - bare.Expected(40).Usual.Publishes; more < 1000 {
			t.Errorf("what comes after the search is expected to send %.0f publishes", more)
		}
	})
}
