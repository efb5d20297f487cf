package quota_test

import (
	"math"
	"testing"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/pipeline/quota"
)

func TestWhatWasLearnedOutlivesARestart(t *testing.T) {
	t.Parallel()
	s := emulator.Settings{Rate: 100, Burst: 20}
	w := newWire(learning, s, 1)
	if l, ok := w.pacer.Learned(); ok {
		t.Errorf("%+v has been learned before the first refusal", l)
	}
	w.run(30 * time.Second)
	learned, ok := w.pacer.Learned()
	if !ok || math.Abs(learned.Quota-100) > 2 || learned.Found == 0 {
		t.Fatalf("learned %+v, %v, want a quota of 100", learned, ok)
	}
	again := newWire(learning, s, 2)
	again.pacer.Believe(again.now, learned)
	if rate := again.pacer.Rate(); rate < 0.94*learned.Quota || rate >= learned.Quota {
		t.Errorf("starts at %g/s, want a little below %g/s", rate, learned.Quota)
	}
	if f := again.run(20 * time.Second); f.used < 0.95 || f.refused > 0.01 {
		t.Errorf("%.1f %% used, %.1f %% refused in the first 20 s", 100*f.used, 100*f.refused)
	}
}

func TestAQuotaThatFellWhileNobodyLookedIsMeasuredAgain(t *testing.T) {
	t.Parallel()
	for _, now := range []float64{25, 50, 400} {
		w := newWire(learning, emulator.Settings{Rate: now, Burst: now / 5}, 1)
		w.pacer.Believe(w.now, quota.Learned{Quota: 100, Found: 9})
		w.run(30 * time.Second)
		if l, ok := w.pacer.Learned(); !ok || math.Abs(l.Quota-now) > now/20 {
			t.Errorf("learned %+v after 30 s, want %g/s", l, now)
		}
	}
}

// A share that is refused at random is worth keeping by itself. What was taken for the quota before it was known, and
// has been exceeded since, is not.
func TestWhatIsRefusedAtAnyRateOutlivesARestartWithoutAQuota(t *testing.T) {
	t.Parallel()
	ceiling, s := quota.Rate{Ceiling: 500}, emulator.Settings{Random429: 0.03}
	w := newWire(ceiling, s, 1)
	w.run(30 * time.Second)
	learned, ok := w.pacer.Learned()
	if !ok || learned.Quota != 0 || learned.Found != 0 || math.Abs(learned.Floor-0.03) > 0.015 {
		t.Fatalf("learned %+v, %v, want 3 %% at any rate and no quota", learned, ok)
	}
	again := newWire(ceiling, s, 2)
	again.pacer.Believe(again.now, learned)
	if f := again.run(10 * time.Second); again.pacer.Rate() != 500 || again.pacer.Floor() == 0 || f.refused > 0.06 {
		t.Errorf("rate %g/s, floor %g, %.1f %% refused after 10 s", again.pacer.Rate(), again.pacer.Floor(),
			100*f.refused)
	}
}

func TestAQuotaThatWasExceededSinceIsNotKept(t *testing.T) {
	t.Parallel()
	p := quota.NewPacer(quota.Rate{Ceiling: 500}, pauses(), time.Unix(0, 0))
	p.Believe(time.Unix(0, 0), quota.Learned{Quota: 400, Found: 1, Floor: 0.03})
	if l, ok := p.Learned(); !ok || l.Quota != 400 {
		t.Errorf("at first: %+v, %v", l, ok)
	}
	sent := 0
	for now := time.Unix(1, 0); p.Rate() < 500; now = now.Add(time.Millisecond) {
		if !p.Due(now, 1).IsZero() {
			continue
		}
		p.Pay(now, 1)
		if sent++; sent%33 == 0 {
			p.Refused(now, quota.Refusal{Sent: now, Cost: 1})
			continue
		}
		p.Accepted(now, 1)
	}
	if l, ok := p.Learned(); !ok || l.Quota != 0 || l.Floor == 0 {
		t.Errorf("once 500/s are carried: %+v, %v, want the share alone", l, ok)
	}
}

func TestWhatCannotHaveBeenLearnedIsNotBelieved(t *testing.T) {
	t.Parallel()
	for _, l := range []quota.Learned{
		{},
		{Quota: 100},
		{Found: 1, Floor: 0.1},
		{Quota: -1, Found: 1},
		{Quota: math.NaN(), Found: 1},
		{Quota: math.Inf(1), Found: 1},
		{Quota: 100, Found: 1, Floor: 1},
		{Quota: 100, Found: 1, Floor: -0.1},
		{Quota: 100, Found: 1, Floor: math.NaN()},
	} {
		p := quota.NewPacer(learning, pauses(), time.Unix(0, 0))
		p.Believe(time.Unix(0, 0), l)
		if p.Rate() != quota.FirstRate {
			t.Errorf("%+v: starts at %g/s, want %d/s", l, p.Rate(), quota.FirstRate)
		}
	}
}

func TestWhatIsBelievedStaysBelowTheCeiling(t *testing.T) {
	t.Parallel()
	w := newWire(quota.Rate{Ceiling: 50}, emulator.Settings{Rate: 100}, 1)
	w.pacer.Believe(w.now, quota.Learned{Quota: 100, Found: 9})
	if w.run(10 * time.Second); w.pacer.Rate() != 50 {
		t.Errorf("rate %g/s, want the ceiling of 50/s", w.pacer.Rate())
	}
	p := quota.NewPacer(unlimited, pauses(), w.now)
	if p.Believe(w.now, quota.Learned{Quota: 100, Found: 9}); p.Limited() {
		t.Error("a rate is in force although nothing is to be learned")
	}
}

func TestNoiseIsToldAndOutlivesARestart(t *testing.T) {
	t.Parallel()
	w := newWire(quota.Rate{Ceiling: 80}, emulator.Settings{}, 1)
	w.noise = 0.03
	w.run(2 * time.Minute)
	if floor := w.pacer.Floor(); floor < 0.015 || floor > 0.05 || w.pacer.Stats(w.now).Floor != floor {
		t.Errorf("floor %g and %g in the statistics, want about 0.03", floor, w.pacer.Stats(w.now).Floor)
	}
	again := newWire(learning, emulator.Settings{Rate: 100}, 2)
	again.noise = 0.03
	again.pacer.Believe(again.now, quota.Learned{Quota: 103, Floor: 0.03, Found: 9})
	if f := again.run(20 * time.Second); f.used < 0.9 || again.pacer.Floor() < 0.015 {
		t.Errorf("%.1f %% used in the first 20 s, floor %g", 100*f.used, again.pacer.Floor())
	}
}
