package source

import (
	"math/rand/v2"
	"testing"

	"momento-bridge/pipeline"
)

// joined returns a window of 1 000 bytes, of which 500 are to be borrowed, so many routes, and how often each was
// woken.
func joined(n int) (*window, []*share, []int) {
	w, shares, woken := newWindow(1000), make([]*share, n), make([]int, n)
	for i := range shares {
		shares[i] = w.join(func() { woken[i]++ })
	}
	return w, shares, woken
}

func TestRouteBorrowsHalfOfWhatCanBeBorrowed(t *testing.T) {
	t.Parallel()
	_, s, _ := joined(2)
	for _, want := range []int64{250 + 250, 125, 62} { // Its own part and half of the rest, and then of that.
		if got := s[0].take(5000, 1, false); got != want {
			t.Errorf("it gets %d, want %d", got, want)
		}
	}
}

func TestEachRouteIsSureOfItsPartWhateverOthersBorrow(t *testing.T) {
	t.Parallel()
	_, s, _ := joined(10)
	for range 20 {
		s[0].take(5000, 1, false)
	}
	for i := range s[1:] {
		if got := s[i+1].take(50, 50, false); got != 50 {
			t.Errorf("route %d gets %d, want its part of 50", i+1, got)
		}
	}
}

func TestWhoWaitsIsWokenWhenThereIsEnoughAndNobodyBorrowsMeanwhile(t *testing.T) {
	t.Parallel()
	_, s, woken := joined(2)
	for range 20 {
		s[0].take(5000, 1, false) // All that can be borrowed, but for a byte or so.
	}
	if got := s[1].take(400, 400, true); got != 0 {
		t.Fatalf("it gets %d while only its own part is free", got)
	}
	s[0].give(100)
	if got := s[0].take(100, 100, false); got != 0 || woken[1] != 0 {
		t.Fatalf("%d are borrowed before whoever waits, who was woken %d times", got, woken[1])
	}
	s[0].give(100)
	if woken[1] != 1 {
		t.Fatalf("woken %d times, want once", woken[1])
	}
	if got := s[1].take(400, 400, true); got != 400 {
		t.Errorf("it gets %d, want what it waited for", got)
	}
}

func TestWindowHoldsItsBoundWhateverHappens(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	w, s, _ := joined(7)
	for range 10_000 {
		one := s[random.IntN(len(s))]
		switch random.IntN(8) {
		case 0:
			one.give(one.taken)
		case 1:
			one.give(random.Int64N(100))
		default:
			want := random.Int64N(1500)
			one.take(want, want/4, random.IntN(2) == 0)
		}
		sum := int64(0)
		for _, each := range s {
			sum += each.taken
		}
		if sum != w.out || sum > w.most {
			t.Fatalf("%d are out, and by the routes %d, of %d", w.out, sum, w.most)
		}
	}
	for _, one := range s {
		one.leave()
	}
	if w.out != 0 || w.claimed != 0 || len(w.queue) != 0 {
		t.Errorf("when all have left, %d are out, %d claimed, %d wait", w.out, w.claimed, len(w.queue))
	}
}

// A window of 256 KiB, and two routes: each is sure of 64 KiB, and messages of 100 KB are larger than that.
func TestMessagesLargerThanARoutesPartOfTheWindowComeAlone(t *testing.T) {
	t.Parallel()
	conn := startNATS(t)
	newStream(t, conn, 0)
	js := jetStream(t, conn)
	const messages = 12
	for range messages {
		if _, err := js.Publish(t.Context(), "a.b", make([]byte, 100_000)); err != nil {
			t.Fatal(err)
		}
	}
	src := newJetStream(t, conn)
	src.acks.window = newWindow(256 << 10)
	other := src.acks.window.join(func() {})
	other.take(64<<10, 64<<10, false)
	s := startStage(t, src, pipeline.RouteConfig{Returnable: true}, 100, accepted)
	eventually(t, "published", s.published(messages))
	s.stop()
	if got := src.acks.window.out; got != 64<<10 {
		t.Errorf("%d bytes are out at the end, want the other route's only", got)
	}
}
