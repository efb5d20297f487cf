package main

import "testing"

func TestDemoLedgerAccountsForEveryMessage(t *testing.T) {
	t.Parallel()
	l := newLedger()
	first, second, third, fourth := l.payload(), l.payload(), l.payload(), l.payload()
	l.accepted("c", "t", first)
	l.accepted("c", "t", first)
	l.unsent(second)
	l.unsent(third)
	l.accepted("c", "t", third) // Stored after all.
	l.accepted("c", "t", []byte("hello"))
	l.accepted("c", "t", []byte(`{"n":99,"demo":""}`))
	_ = fourth
	if got, want := l.sum().String(), "published=3 delivered=2 lost=1 duplicates=1"; got != want {
		t.Errorf("sum %s, want %s", got, want)
	}
}
