package report

import "testing"

// The clean rate is always somewhat below the limit, so that it alone would never be enough where the limit is what
// is expected.
func TestALimitIsAsExpectedWhereItMayBeThatHigh(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		report   Report
		expected float64
		met      bool
	}{
		"below both rates":              {Report{Verdict: Proved, CleanRate: new(498.0), FailingRate: new(502.0)}, 400, true},
		"between them":                  {Report{Verdict: Proved, CleanRate: new(498.0), FailingRate: new(502.0)}, 500, true},
		"the upper one":                 {Report{Verdict: Proved, CleanRate: new(498.0), FailingRate: new(502.0)}, 502, true},
		"above both":                    {Report{Verdict: Proved, CleanRate: new(498.0), FailingRate: new(502.0)}, 503, false},
		"between them, and not proved":  {Report{Verdict: NotProved, CleanRate: new(498.0), FailingRate: new(502.0)}, 500, false},
		"held, and nothing was refused": {Report{Verdict: NotProved, CleanRate: new(600.0)}, 500, true},
		"nothing was found":             {Report{Verdict: NotProved}, 1, false},
	} {
		c.report.Expect(">= so many", c.expected)
		if c.report.Expected != ">= so many" || *c.report.AsExpected != c.met {
			t.Errorf("%s: %q, %v", name, c.report.Expected, *c.report.AsExpected)
		}
	}
}
