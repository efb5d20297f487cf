package helm

import "testing"

func TestEveryReleaseKeepsTheRules(t *testing.T) {
	t.Parallel()
	for _, s := range sets(t) {
		w := worldOf(t, rendered(t, s.release))
		for _, r := range rules {
			if !r.holds(w) {
				t.Errorf("%s: broken is: %s", s.name, r.name)
			}
		}
	}
}

// A rule that nothing breaks tells nothing.
func TestEveryRuleIsBrokenByWhatItIsAgainst(t *testing.T) {
	t.Parallel()
	all := sets(t)
	for _, r := range rules {
		for _, s := range all {
			if s.name != "minimal" {
				continue
			}
			w := worldOf(t, rendered(t, s.release))
			r.breaks(w)
			if r.holds(w) {
				t.Errorf("not seen: %s", r.name)
			}
		}
	}
}
