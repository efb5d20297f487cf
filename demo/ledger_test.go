package demo

import (
	"testing"

	"momento-bridge/batch"
)

func TestDemoLedgerAccountsForEveryMessage(t *testing.T) {
	t.Parallel()
	l := newLedger("none")
	first, second, third, fourth := l.payload(), l.payload(), l.payload(), l.payload()
	l.accepted("c", "t", first)
	l.accepted("c", "t", first)
	l.unsent(second)
	l.unsent(third)
	l.accepted("c", "t", third) // Stored after all.
	l.accepted("c", "t", []byte("hello"))
	l.accepted("c", "t", []byte(`{"n":99,"demo":""}`))
	_ = fourth
	sum := l.sum()
	if got, want := sum.String(), "published=3 delivered=2 lost=0 duplicates=1"; got != want {
		t.Errorf("sum %s, want %s", got, want)
	}
	if sum.coreLeft != 0 || sum.streamLeft != 1 {
		t.Errorf("%d of core NATS are left and %d of the stream, want the fourth alone", sum.coreLeft, sum.streamLeft)
	}
}

func TestDemoLedgerCountsTheMessagesOfABatch(t *testing.T) {
	t.Parallel()
	l := newLedger("json")
	first, second := l.payload(), l.payload()
	framing, err := batch.Parse("json")
	if err != nil {
		t.Fatal(err)
	}
	var b []byte
	for _, m := range [][]byte{first, second} {
		size, err := framing.Size(m)
		if err != nil {
			t.Fatal(err)
		}
		b = framing.Append(b, m, size)
	}
	l.accepted("c", "orders-1", framing.End(b))
	l.accepted("c", "orders-1", []byte("hello"))
	if got, want := l.sum().String(), "published=2 delivered=2 lost=0 duplicates=0"; got != want {
		t.Errorf("sum %s, want %s", got, want)
	}
}
