package search

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/test/long"
)

// busyRates are those of the limits that are looked for on a machine that others use.
var busyRates = []float64{50, 500}

// busyLimiters are they.
var busyLimiters = []struct {
	name string
	make func(rate float64) emulator.Settings
	kind Kind
}{
	{"bucket", bucket(1), Bucket},
	{"fixed window", window(emulator.LimiterFixedWindow, time.Second), FixedWindow},
	{"sliding window", window(emulator.LimiterSliding, time.Second), Sliding},
	{"gcra", func(rate float64) emulator.Settings {
		return emulator.Settings{Rate: rate, Burst: rate, Limiter: emulator.LimiterGCRA}
	}, Bucket},
}

// findBusy searches on a machine that is so busy, and reports what is wrong with a proof.
func findBusy(t *testing.T, settings emulator.Settings, seed uint64, share, endpoint float64) *Result {
	t.Helper()
	sim := newBusyTester(newSimulation(settings, seed), seed, share, endpoint)
	cfg := Default()
	cfg.Flip = func() bool { return sim.rng.IntN(2) == 0 }
	r := Find(cfg, sim)
	if rate := settings.Rate; r.Proved && (r.Clean > rate || r.Failing < rate || r.Clean < 0.96*rate ||
		r.Failing > 1.03*rate) {
		t.Errorf("seed %d: a wrong proof: %+v", seed, summaryOf(r))
	}
	t.Logf("seed %d: proved %v, %.2f to %.2f, plateau %.2f, %s (%s), burst %.0f (%s), window %.3f s; %.0f s, "+
		"%d requests, %d repeated: %s", seed, r.Proved, r.Clean, r.Failing, r.Plateau, r.Kind, r.KindConfidence,
		r.Burst, r.BurstConfidence, r.Window, r.Seconds, r.Requests, r.Repeated, r.Reason)
	return r
}

// A search proves what is so in eight of ten, and never what is not.
func TestLimitIsProvedOnABusyMachine(t *testing.T) {
	t.Parallel()
	for _, rate := range busyRates {
		for _, l := range busyLimiters {
			t.Run(fmt.Sprintf("%s at %g", l.name, rate), func(t *testing.T) {
				right, n := 0, uint64(long.Or(2, 10))
				for seed := range n {
					if r := findBusy(t, l.make(rate), seed, 1, 1); r.Proved && r.Kind == l.kind {
						right++
					}
				}
				if uint64(right) < n*8/10 {
					t.Errorf("only %d of %d are proved and right", right, n)
				}
			})
		}
	}
}

// With 500/s a burst of two forgives two milliseconds. Where nothing can be proved because of that it is said.
func TestLimitThatForgivesLessThanTheMachineIsLateIsNotProvedWrongly(t *testing.T) {
	t.Parallel()
	for seed := range uint64(long.Or(2, 10)) {
		for _, share := range []float64{0.1, 1} {
			r := findBusy(t, gcra(500), seed, share, 0)
			if !r.Proved && !strings.Contains(r.Reason, "end other programs on this machine") {
				t.Errorf("seed %d: %s", seed, r.Reason)
			}
		}
	}
}

// However busy the machine is, what is asserted is so.
func TestKindAndBurstAreNotAssertedFromUnfitTrials(t *testing.T) {
	t.Parallel()
	for _, share := range long.Or([]float64{10}, []float64{1, 4, 10, 25}) {
		for _, rate := range busyRates {
			for _, l := range busyLimiters {
				for seed := range uint64(long.Or(1, 10)) {
					r := findBusy(t, l.make(rate), seed, share, share)
					if wrong := asserted(r, l.kind, rate); wrong != "" {
						t.Errorf("%s at %g, seed %d, %g times as busy: %s: %s (%s) %q, burst %g (%s) %q", l.name, rate,
							seed, share, wrong, r.Kind, r.KindConfidence, r.KindEvidence, r.Burst, r.BurstConfidence,
							r.BurstEvidence)
					}
				}
			}
		}
	}
}

// asserted says what is wrong with the kind and the burst that are told; empty: nothing is.
func asserted(r *Result, kind Kind, burst float64) string {
	off := r.Burst/burst - 1
	switch known, sure := r.KindConfidence != None, r.BurstConfidence != None; {
	case known && r.Kind != kind:
		return "the wrong kind"
	case !known && (r.Kind != Unknown || sure):
		return "told although it is not known"
	case sure != (r.Burst > 0):
		return "a burst without confidence, or the other way round"
	case r.BurstConfidence == High && (off < -0.05 || off > 0.05):
		return "the wrong burst"
	}
	return ""
}
