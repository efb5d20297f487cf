//go:build !race

package envelope

import "testing"

// What is an event already allocates only while it is looked at.
func TestAnEventIsOneAllocation(t *testing.T) {
	for _, c := range cases {
		m, msg := newMaker(), message(c.header, c.payload)
		m.Make(msg) // The names of headers, the content type and the source are remembered.
		if n := testing.AllocsPerRun(100, func() { m.Make(msg) }); n > c.allocations {
			t.Errorf("%s: %g allocations, want %g", c.name, n, c.allocations)
		}
	}
}
