package sink

import (
	"net/url"
	"strings"
	"testing"
)

func TestNamesArriveAsOneSegment(t *testing.T) {
	f := func(name, want string) {
		t.Helper()
		if got := string(appendSegment(nil, name)); got != want {
			t.Errorf("appendSegment(%q) = %q, want %q", name, got, want)
		}
	}
	f("orders.eu-1_x~", "orders.eu-1_x~")
	f("a b", "a%20b")
	f("a/b", "a%2Fb")
	f("100%", "100%25")
	f("a?b#c", "a%3Fb%23c")
	f("..", "%2E%2E")
	f(".", "%2E")
	f("...", "...")
	f("+&=;:@", "%2B%26%3D%3B%3A%40")
	f("é😀", "%C3%A9%F0%9F%98%80")
	f("\xff", "%FF")
}

func FuzzSegmentDecodesToItself(f *testing.F) {
	for _, name := range []string{"a", "..", "a/b", "%2F", "é😀", "\x00\xff"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		segment := string(appendSegment(nil, name))
		if strings.ContainsAny(segment, "/?#") {
			t.Fatalf("%q has a delimiter", segment)
		}
		if back, err := url.PathUnescape(segment); err != nil || back != name {
			t.Errorf("%q decodes to %q, %v", segment, back, err)
		}
	})
}
