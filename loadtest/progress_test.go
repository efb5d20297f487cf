package loadtest

import (
	"testing"

	"momento-bridge/loadtest/search"
)

func TestProgressNamesNoRateThatIsNotKnown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		clean, failing float64
		want           string
	}{
		{0, 0, "nothing is known yet"},
		{0, 20, "failing rate 20/s, so far"},
		{10, 0, "clean rate 10/s, so far"},
		{10, 20, "clean rate 10/s, failing rate 20/s, so far"},
	} {
		p := FindProgress{Step: search.Step{Name: "narrow", Clean: c.clean, Failing: c.failing}}
		if got := p.Lines()[1]; got != c.want {
			t.Errorf("%g and %g: %q, want %q", c.clean, c.failing, got, c.want)
		}
	}
}
