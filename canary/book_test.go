package canary

import (
	"math/rand/v2"
	"testing"
	"time"
)

var (
	begin    = time.Unix(1_800_000_000, 0)
	settings = Settings{Replica: "me", Lost: 10 * time.Second}
)

// at is a time of the tests.
func at(seconds float64) time.Time { return begin.Add(time.Duration(seconds * float64(time.Second))) }

func expect(t *testing.T, b *Book, want Counts) {
	t.Helper()
	if got := b.Counts(); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

func TestAMessageThatComesIsSeenWithItsLatency(t *testing.T) {
	t.Parallel()
	b := NewBook(settings)
	p := b.Sent(at(0), b.Next())
	r := b.Seen(at(0.25), p)
	if r != (Result{Kind: Seen, Latency: 250 * time.Millisecond}) {
		t.Errorf("it was %+v", r)
	}
	if d, ok := b.Quantile(0.99); !ok || d != 250*time.Millisecond {
		t.Errorf("p99 is %v, %v", d, ok)
	}
	expect(t, b, Counts{Sent: 1, Seen: 1})
}

func TestWhatDoesNotComeIsLostOnceAndMayBeFound(t *testing.T) {
	t.Parallel()
	b := NewBook(settings)
	p := b.Sent(at(0), 1)
	if gone := b.Due(at(9.9)); len(gone) > 0 {
		t.Errorf("lost %v before its time", gone)
	}
	if gone := b.Due(at(10)); len(gone) != 1 || gone[0].Number != 1 || !gone[0].Sent.Equal(at(0)) {
		t.Errorf("lost %v, want 1", gone)
	}
	if gone := b.Due(at(11)); len(gone) > 0 {
		t.Errorf("lost %v twice", gone)
	}
	expect(t, b, Counts{Sent: 1, Lost: 1})
	if r := b.Seen(at(12), p); !r.Found || !r.Late || r.Latency != 12*time.Second {
		t.Errorf("it was %+v", r)
	}
	expect(t, b, Counts{Sent: 1, Seen: 1, Lost: 1, Found: 1, Late: 1})
}

func TestWhatIsHeldIsNotLostBeforeItIsExpectedAgain(t *testing.T) {
	t.Parallel()
	b := NewBook(settings)
	b.Sent(at(0), 1)
	b.Hold(1)
	if gone := b.Due(at(60)); len(gone) > 0 {
		t.Errorf("lost %v while it was held", gone)
	}
	b.Expect(at(60), 1)
	if gone := b.Due(at(69)); len(gone) > 0 {
		t.Errorf("lost %v before its new time", gone)
	}
	if gone := b.Due(at(70)); len(gone) != 1 {
		t.Errorf("lost %v, want 1", gone)
	}
}

func TestWhatIsWithdrawnIsNeitherLostNorExpected(t *testing.T) {
	t.Parallel()
	b := NewBook(settings)
	p := b.Sent(at(0), 1)
	b.Sent(at(1), 2)
	b.Hold(2)
	if n := b.WithdrawAll(); n != 2 {
		t.Errorf("withdrew %d, want 2", n)
	}
	if gone := b.Due(at(60)); len(gone) > 0 || b.Withdraw(1) {
		t.Errorf("lost %v", gone)
	}
	expect(t, b, Counts{Sent: 2, Withdrawn: 2})
	if r := b.Seen(at(61), p); r.Kind != Seen || r.Found || r.Late {
		t.Errorf("it was %+v", r)
	}
	expect(t, b, Counts{Sent: 2, Seen: 1, Withdrawn: 1})
}

func TestWhatIsNotItsOwnIsForeign(t *testing.T) {
	t.Parallel()
	b := NewBook(settings)
	p := b.Sent(at(0), 1)
	other, before := p, p
	other.Replica = "you"
	before.Sent = at(-100) // The same name and number, and not this book's.
	for _, p := range []Payload{other, before, {}, {Replica: "me", Number: 2, Sent: at(0)}} {
		if r := b.Seen(at(1), p); r != (Result{}) {
			t.Errorf("%+v was %+v", p, r)
		}
	}
	expect(t, b, Counts{Sent: 1, UnderWay: 1, Foreign: 4})
}

func TestRepetitionAndOrderAreTold(t *testing.T) {
	t.Parallel()
	b := NewBook(settings)
	p1, p2, p3 := b.Sent(at(0), 1), b.Sent(at(0), 2), b.Sent(at(0), 3)
	b.Seen(at(1), p1)
	b.Seen(at(1), p3)
	if r := b.Seen(at(1), p2); !r.Reordered {
		t.Errorf("it was %+v", r)
	}
	if r := b.Seen(at(1), p1); r.Kind != Duplicate || r.Reordered {
		t.Errorf("it was %+v", r)
	}
	expect(t, b, Counts{Sent: 3, Seen: 3, Duplicates: 1, Reordered: 1})
}

func TestNumbersOnlyRise(t *testing.T) {
	t.Parallel()
	b := NewBook(settings)
	b.Sent(at(0), 5)
	if p := b.Sent(at(1), 5); p != (Payload{}) {
		t.Errorf("5 was sent twice, as %+v", p)
	}
	expect(t, b, Counts{Sent: 1, UnderWay: 1})
}

func TestABookForgetsNothingThatItHasNotTold(t *testing.T) {
	t.Parallel()
	s := settings
	s.Remember = 4
	b := NewBook(s)
	for n := uint64(1); n <= 6; n++ {
		b.Sent(at(0), n)
	}
	if gone := b.Due(at(0)); len(gone) != 2 || gone[0].Number != 1 || gone[1].Number != 2 {
		t.Errorf("lost %v, want 1 and 2", gone)
	}
	expect(t, b, Counts{Sent: 6, Lost: 2, UnderWay: 4})
}

func TestWhateverHappensTheAccountsAgree(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 21))
		s := settings
		s.Remember = 1 + r.IntN(40)
		b := NewBook(s)
		var sent []Payload
		var told uint64
		for i := range 500 {
			now := at(float64(i) / 2)
			n := 1 + r.Uint64N(b.last+1)
			switch r.IntN(6) {
			case 0, 1:
				sent = append(sent, b.Sent(now, b.Next()+r.Uint64N(2)))
			case 2, 3:
				if len(sent) > 0 {
					b.Seen(now, sent[r.IntN(len(sent))])
				}
			case 4:
				b.Hold(n)
				b.Expect(now, 1+r.Uint64N(b.last+1))
			case 5:
				b.Withdraw(n)
			}
			told += uint64(len(b.Due(now)))
			c := b.Counts()
			if c.Sent != c.Seen+c.Lost-c.Found+c.Withdrawn+c.UnderWay || told != c.Lost {
				t.Fatalf("seed %d, step %d: %+v, told of %d", seed, i, c, told)
			}
		}
	}
}
