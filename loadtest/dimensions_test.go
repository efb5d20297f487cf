package loadtest

import (
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/loadtest/report"
)

func TestDimensionsTellWhatTheLimitCounts(t *testing.T) {
	limit := emulator.Settings{Rate: 200, Burst: 20, Unit: "operations"}
	bubble(t, emulator.Config{Settings: limit}, func(t *testing.T, target Target, _ *emulator.Server) {
		cfg := quick(target, 200)
		cfg.Target.Caches = []string{"c", "d"}
		cfg.Dimensions = Dimensions
		r, err := Find(t.Context(), cfg)
		if err != nil || r.Unit != "publishes, by size and subscribers" || len(r.Dimensions) != 6 {
			t.Fatalf("%v: it counts %q: %+v", err, r.Unit, r.Dimensions)
		}
		for _, d := range r.Dimensions {
			want := 200.0
			switch d.Value {
			case "4096 bytes":
				want = 50
			case "1 subscriber for each topic":
				want = 100
			}
			if math.Abs(d.Plateau-want) > 0.01*want || d.Counts != (want < 200) || d.Unfit != "" {
				t.Errorf(
					"%s: %s are accepted at %.1f/s, counts %v %s; want %.0f/s", d.Name, d.Value, d.Plateau, d.Counts,
					d.Unfit, want)
			}
		}
	})
}

// Twice the plateau overloads nothing that counts a quarter of it.
func TestADimensionOfWhichNothingWasRefusedHasNoPlateau(t *testing.T) {
	limit := emulator.Settings{Rate: 200, Burst: 20, Unit: "operations"}
	bubble(t, emulator.Config{Settings: limit}, func(t *testing.T, target Target, _ *emulator.Server) {
		cfg := quick(target, 50)
		cfg.Target.Bytes, cfg.Dimensions = 4096, []string{"size"}
		r, err := Find(t.Context(), cfg)
		if err != nil || len(r.Dimensions) != 2 {
			t.Fatalf("%v: %+v", err, r.Dimensions)
		}
		small, same := r.Dimensions[0], r.Dimensions[1]
		if !small.Counts || !small.Unrefused || same.Counts || same.Unrefused {
			t.Errorf("%+v, %+v", small, same)
		}
		told := slices.ContainsFunc(r.Facts(), func(f report.Fact) bool {
			return f.Text == "size 100 bytes" && f.Also == "100/s accepted, and hardly anything was refused; it counts"
		})
		if !told {
			t.Errorf("%+v", r.Facts())
		}
	})
}

// Momento takes a hundred subscriptions of an account, and says 429 to further ones.
func TestDimensionWithoutPlacesForItsSubscribersIsNotKnown(t *testing.T) {
	limit := emulator.Settings{Rate: 200, Burst: 20, Documented: emulator.Documented{Subscriptions: 2}}
	bubble(t, emulator.Config{Settings: limit}, func(t *testing.T, target Target, _ *emulator.Server) {
		cfg := quick(target, 200)
		cfg.Target.Topics, cfg.Dimensions = 3, []string{"subscribers"}
		r, err := Find(t.Context(), cfg)
		if err != nil || len(r.Dimensions) != 1 || r.Dimensions[0].Counts ||
			!strings.Contains(r.Dimensions[0].Unfit, "takes no more subscribers") {
			t.Errorf("%v: %+v", err, r.Dimensions)
		}
	})
}

func TestMoreSubscribersThanAnAccountHasAreRefusedBeforehand(t *testing.T) {
	t.Parallel()
	for topics, ok := range map[int]bool{1: true, 50: true, 51: false, 1000: false} {
		cfg := FindConfig{
			Target: Target{Topics: topics, Caches: []string{"c", "d"}}, Dimensions: []string{"subscribers"},
		}
		if err := cfg.CheckDimensions(); (err == nil) != ok ||
			!ok && !strings.Contains(err.Error(), "100 subscriptions in a region: give --topics 50 at the most") {
			t.Errorf("%d topics: %v", topics, err)
		}
	}
	for topics, ok := range map[int]bool{100: true, 101: false} {
		if err := CheckFollowed(topics); (err == nil) != ok {
			t.Errorf("%d topics that are followed: %v", topics, err)
		}
	}
}

// A machine that stands still now and then shows what a limit saves meanwhile, and loses what it does not.
func TestStallsDoNotLookLikeADimension(t *testing.T) {
	limit := emulator.Settings{Rate: 200, Burst: 20}
	for name, stalls := range map[string]func(n int) time.Duration{
		"two close together": func(n int) time.Duration {
			return map[int]time.Duration{400: 300 * time.Millisecond, 500: 300 * time.Millisecond}[n]
		},
		"again and again": func(n int) time.Duration {
			return map[bool]time.Duration{true: 250 * time.Millisecond}[n%1500 == 0]
		},
		"most of the time": func(n int) time.Duration {
			return map[bool]time.Duration{true: 150 * time.Millisecond}[n%10 == 0]
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, emulator.Config{Settings: limit}, func(t *testing.T, target Target, _ *emulator.Server) {
				cfg := quick(target, 200)
				cfg.Dimensions = []string{"connections"}
				var sleeps atomic.Int64 // Since the step began.
				var on atomic.Bool
				cfg.Progress = func(p FindProgress) { sleeps.Store(0); on.Store(p.Step.Name == "dimension") }
				cfg.Target.machine.Sleep = func(d time.Duration) {
					if n := sleeps.Add(1); on.Load() {
						d += stalls(int(n))
					}
					time.Sleep(d)
				}
				r, err := Find(t.Context(), cfg)
				if err != nil || len(r.Dimensions) != 1 {
					t.Fatalf("%v: %+v", err, r)
				}
				if d := r.Dimensions[0]; d.Counts || d.Unfit == "" && math.Abs(d.Plateau-200) > 20 {
					t.Errorf("%+v", d)
				} else {
					t.Logf("%+v", d)
				}
			})
		})
	}
}

// Few connections carry little when each answer takes its time. That is no limit of the endpoint.
func TestDimensionThatTheGeneratorCannotKeepUpWithIsNotKnown(t *testing.T) {
	limit := emulator.Settings{Rate: 100, Burst: 20, Latency: 40 * time.Millisecond}
	bubble(t, emulator.Config{Settings: limit}, func(t *testing.T, target Target, _ *emulator.Server) {
		cfg := quick(target, 60)
		cfg.Target.Connections = 24
		cfg.Dimensions = []string{"connections"}
		r, err := Find(t.Context(), cfg)
		if err != nil || len(r.Dimensions) != 1 {
			t.Fatalf("%v: %+v", err, r)
		}
		if d := r.Dimensions[0]; d.Counts || !strings.Contains(d.Unfit, "sent in time") ||
			r.Unit != "publishes; it is not known whether by connections" {
			t.Errorf("%+v: it counts %q", d, r.Unit)
		}
	})
}
