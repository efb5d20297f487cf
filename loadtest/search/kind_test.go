package search

import "testing"

// Whatever ends a search, an unknown kind has its reason.
func TestUnknownKindSaysWhy(t *testing.T) {
	t.Parallel()
	for n := range 30 {
		r := find(func(*Config) {}, window("fixed-window", 1e9)(50), func(i int, t *Trial) {
			if i >= n {
				t.Unfit = "planned"
			}
		})
		if r.KindConfidence == None && len(r.KindEvidence) == 0 {
			t.Errorf("unfit from trial %d on: %+v", n, summaryOf(r))
		}
	}
}
