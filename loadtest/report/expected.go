package report

// Expect notes what was expected, in the user's words and as a rate, and whether it is so: whether the limit may be
// that high.
func (r *Report) Expect(text string, rate float64) {
	most := r.CleanRate
	if r.Verdict == Proved {
		most = r.FailingRate // The limit is somewhere between the two.
	}
	met := most != nil && *most >= rate
	r.Expected, r.AsExpected = text, &met
}
