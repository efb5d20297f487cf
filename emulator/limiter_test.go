package emulator

import (
	"strings"
	"testing"
	"time"
)

func TestEachLimiterHoldsTheRate(t *testing.T) {
	f := func(s Settings, cost float64, ask time.Duration, want int) {
		t.Helper()
		now := time.Unix(0, 0)
		l, err := NewLimiter(s, 1, now)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for i := range int(100 * time.Second / ask) {
			if l.Take(now.Add(time.Duration(i)*ask), cost, uint64(i)) {
				got++
			}
		}
		if got < want-1 || got > want+1 {
			t.Errorf("%+v cost %g: %d accepted in 100 s, want %d", s, cost, got, want)
		}
	}
	const often = 10 * time.Millisecond
	f(Settings{Rate: 10, Burst: 1}, 1, often, 1000)
	f(Settings{Rate: 10, Burst: 50}, 1, often, 1050)
	f(Settings{Rate: 0.2, Burst: 1}, 1, often, 21)
	f(Settings{Rate: 10}, 1, often, 1010)
	f(Settings{Rate: 10, Burst: 1}, 4, often, 251) // A cost above the burst leaves a debt.
	f(Settings{Rate: 10, Burst: 1, Limiter: LimiterGCRA}, 1, often, 1000)
	f(Settings{Rate: 10, Burst: 50, Limiter: LimiterGCRA}, 1, often, 1050)
	f(Settings{Rate: 10, Burst: 1, Limiter: LimiterGCRA}, 4, often, 250)
	f(Settings{Rate: 10, Limiter: LimiterFixedWindow}, 1, often, 1000)
	f(Settings{Rate: 10, Limiter: LimiterFixedWindow, Window: 10 * time.Second}, 1, often, 1000)
	f(Settings{Rate: 10, Limiter: LimiterFixedWindow}, 40, often, 25) // What exceeds the window is carried over.
	f(Settings{Rate: 10, Limiter: LimiterSliding}, 1, often, 1000)
	f(Settings{Rate: 10, Limiter: LimiterSliding}, 40, often, 100)
	f(Settings{Rate: 10, Limiter: LimiterSlidingPenalty}, 1, often, 10) // Who goes on asking gets nothing more.
	f(Settings{Rate: 10, Limiter: LimiterSlidingPenalty}, 1, 110*time.Millisecond, 910)
	f(Settings{Rate: 16, Burst: 80, Limiter: LimiterSharded}, 1, often, 1672)
	f(Settings{}, 1, often, 10_000)
}

func TestShardedConnectionHasAShareOnly(t *testing.T) {
	now := time.Unix(0, 0)
	l, err := NewLimiter(Settings{Rate: 80, Burst: 8, Limiter: LimiterSharded}, 1, now)
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	for i := range 1000 {
		if l.Take(now.Add(time.Duration(i)*10*time.Millisecond), 1, 5) {
			got++
		}
	}
	if got < 99 || got > 101 {
		t.Errorf("one connection had %d in 10 s, want an eighth of the quota: 100", got)
	}
}

func TestOthersComeAtRandomAndTheSameForASeed(t *testing.T) {
	share := func(seed uint64) (own int, b *background) {
		now := time.Unix(0, 0)
		l, err := NewLimiter(Settings{Rate: 10, Burst: 10, Background: 0.2}, seed, now)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10_000 { // Nearly as many as are left.
			if l.Take(now.Add(time.Duration(i)*120*time.Millisecond), 1, 0) {
				own++
			}
		}
		return own, l.(*background)
	}
	own, b := share(1)
	if came := b.accepted + b.refused; came < 2300 || came > 2500 || own+b.accepted > 12_010 || own > 9999 {
		t.Errorf("of %d others %d were accepted, and %d of ours: want 2400 others in 20 minutes, and 12000 in all at "+
			"the most", came, b.accepted, own)
	}
	if again, _ := share(1); again != own {
		t.Errorf("%d and then %d with the same seed", own, again)
	}
	if other, _ := share(2); other == own {
		t.Errorf("%d with another seed, too", other)
	}
}

func TestShareIsRefusedAtRandomWhateverTheRateAndTheSameForASeed(t *testing.T) {
	t.Parallel()
	run := func(s Settings, seed uint64, ask time.Duration) (answers string, refused, accepted int) {
		now := time.Unix(0, 0)
		l, err := NewLimiter(s, seed, now)
		if err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for i := range 10_000 {
			if l.Take(now.Add(time.Duration(i)*ask), 1, 0) {
				all.WriteByte('+')
				accepted++
			} else {
				all.WriteByte('-')
			}
		}
		return all.String(), RandomOf(l), accepted
	}
	noisy := Settings{Random429: 0.03}
	quick, refused, accepted := run(noisy, 1, time.Millisecond)
	if refused < 200 || refused > 400 || accepted+refused != 10_000 {
		t.Errorf("%d of 10000 refused at random and %d accepted, want 3 %% and the rest", refused, accepted)
	}
	if slow, _, _ := run(noisy, 1, time.Minute); slow != quick {
		t.Error("other publishes are refused at another rate")
	}
	if other, _, _ := run(noisy, 2, time.Millisecond); other == quick {
		t.Error("the same publishes are refused with another seed")
	}
	_, refused, accepted = run(Settings{Rate: 100, Burst: 1, Random429: 0.1}, 1, 5*time.Millisecond)
	if refused < 800 || refused > 1200 || accepted < 4000 || accepted > 5001 {
		t.Errorf("of 200/s %d were refused at random and %d accepted: a quota of 100/s, to which what is refused at "+
			"random does not count, accepts nearly 5000", refused, accepted)
	}
	noisy = Settings{Rate: 10, Burst: 10, Background: 0.2, Random429: 0.1}
	l, err := NewLimiter(noisy, 1, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	l.Take(time.Unix(60, 0), 1, 0)
	if others := OthersOf(l); others.Accepted == 0 || others.Refused != 0 {
		t.Errorf("others %+v: what is refused at random are ours", others)
	}
}
