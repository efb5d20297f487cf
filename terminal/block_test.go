package terminal

import (
	"bytes"
	"testing"
)

func TestBlocksArePlainElsewhere(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := NewBlock(&out)
	_ = b.Show("a", "b")
	_ = b.Show("c")
	if got := out.String(); got != "a; b\nc\n" || b.Live() {
		t.Errorf("got %q, live %v", got, b.Live())
	}
}

func TestBlocksAreRedrawnOnATerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := &Block{w: &out, live: true}
	_ = b.Show("a", "b")
	_ = b.ShowWith([]string{"c"}, "Ctrl-C ends")
	want := "\x1b[?7l\ra\x1b[K\n\rb\x1b[K\n\x1b[J\x1b[?7h" +
		"\x1b[?7l\x1b[2A\rc\x1b[K\n\r\x1b[K\n\rCtrl-C ends\x1b[K\n\x1b[J\x1b[?7h"
	if got := out.String(); got != want {
		t.Errorf("got %q", got)
	}
}
