package report

import "slices"

// try says what could lead to a proof, or to better numbers.
func (r *Report) try() string {
	switch {
	case r.Test == Find && r.Verdict == Proved:
		return ""
	case r.Interrupted:
		return "let it run to its end"
	case slices.ContainsFunc(r.Trials, func(t Trial) bool { return t.Waited && t.Unfit != "" }):
		return "raise --connections, or find out why answers take so long"
	case r.Fitness() == Unfit:
		return "run it on a machine that has nothing else to do"
	case r.Test != Find:
		return ""
	case byVerdict(r.Limiter):
		return "run it again while nobody else publishes; if nothing changes, the limit has several parts: stay " +
			"below the clean rate"
	case r.Settings.NoOverload:
		return "run it without --no-overload at a time when nobody else publishes"
	case r.FailingRate == nil && r.CleanRate != nil && 2*r.Settings.MaxRate > r.Generator.Ceiling &&
		r.Generator.Ceiling > 0:
		return "run it on a faster machine, or one that has nothing else to do"
	case r.FailingRate == nil && r.CleanRate != nil:
		return "raise --max-rate, if that is a rate that you need"
	}
	return "run it again; --effort proof takes longer and repeats more"
}
