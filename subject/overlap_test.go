package subject

import "testing"

func TestOverlapFindsSubjectsThatShareAMessage(t *testing.T) {
	f := func(a, b string, want bool) {
		t.Helper()
		if Overlap(a, b) != want || Overlap(b, a) != want {
			t.Errorf("Overlap(%q, %q) = %v, want %v", a, b, !want, want)
		}
	}
	f("a.b", "a.b", true)
	f("a.*", "a.b", true)
	f("a.>", "a.b.c", true)
	f("a.>", "a", false)
	f("a.*", "b.*", false)
	f("*.b", "a.*", true)
	f("a.b", "a.b.c", false)
}
