package report

import "testing"

// The clean rate is always somewhat below the limit, so that it alone would never be enough where the limit is what
// is expected.
func TestALimitIsAsExpectedWhereItMayBeThatHigh(t *testing.T) {
	t.Parallel()
	clean, failing := new(498.0), new(502.0)
	for name, c := range map[string]struct {
		verdict        string
		clean, failing *float64
		expected       float64
		met            bool
	}{
		"below both rates":              {Proved, clean, failing, 400, true},
		"between them":                  {Proved, clean, failing, 500, true},
		"the upper one":                 {Proved, clean, failing, 502, true},
		"above both":                    {Proved, clean, failing, 503, false},
		"between them, and not proved":  {NotProved, clean, failing, 500, false},
		"below them, and not proved":    {NotProved, clean, failing, 497, true},
		"held, and nothing was refused": {NotProved, clean, nil, 400, true},
		"nothing was found":             {NotProved, nil, nil, 1, false},
	} {
		r := Report{Verdict: c.verdict, CleanRate: c.clean, FailingRate: c.failing}
		if r.Expect(">= so many", c.expected); r.Expected != ">= so many" || *r.AsExpected != c.met {
			t.Errorf("%s: %q, %v", name, r.Expected, *r.AsExpected)
		}
	}
}
