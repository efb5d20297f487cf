package report

import (
	"math"
	"slices"
	"strings"

	"momento-bridge/loadtest/figure"
	"momento-bridge/printable"
)

// How sure the kind of limiter and the burst are.
const (
	ConfidenceNone = "none" // Nothing shows it: then limiter is unknown, or burst null.
	ConfidenceLow  = "low"  // It looks like that.
	ConfidenceHigh = "high" // It was tried, and nothing speaks against it.
)

// unknownLimiter is the kind where nothing shows it.
const unknownLimiter = "unknown"

// byVerdict are kinds that a verdict is made of rather than a trial: a limit that is not sharp is never proved.
func byVerdict(limiter string) bool { return limiter == "soft" || limiter == "shared" }

// withoutGuesses takes back the kind and the burst where nothing shows them. What is not proved is at most likely: the
// trials that would have shown it otherwise were not made, or did not count. Reports of before have no confidence.
func (r *Report) withoutGuesses() {
	level := func(confidence string) string {
		switch {
		case r.Verdict == Proved:
			return confidence
		case confidence == ConfidenceHigh:
			return ConfidenceLow
		case confidence == "":
			return ConfidenceNone
		}
		return confidence
	}
	if r.Test != Find {
		return
	}
	r.BurstConfidence = level(r.BurstConfidence)
	if r.Burst == nil || r.BurstConfidence == ConfidenceNone {
		r.Burst, r.BurstConfidence = nil, ConfidenceNone
	}
	if byVerdict(r.Limiter) {
		return
	}
	r.LimiterConfidence = level(r.LimiterConfidence)
	if r.LimiterConfidence == ConfidenceNone || r.Limiter == unknownLimiter || r.Limiter == "" {
		r.Limiter, r.LimiterConfidence, r.WindowSeconds = unknownLimiter, ConfidenceNone, nil
	}
}

// evidence is what shows something, and how sure that is.
func evidence(confidence string, shown []string) string {
	text := ""
	if confidence == ConfidenceLow || confidence == ConfidenceHigh {
		text = confidence + " confidence"
	}
	if len(shown) == 0 {
		return text
	}
	words := make([]string, len(shown))
	for i, s := range shown {
		words[i] = strings.TrimSuffix(printable.Text(s), ".")
	}
	return strings.TrimPrefix(text+": "+strings.Join(words, "; "), ": ")
}

// perhaps goes before what is likely, and no more.
func perhaps(confidence, text string) string {
	if confidence == ConfidenceLow {
		return "perhaps " + text
	}
	return text
}

func (r *Report) limiterFact() Fact {
	f := Fact{Key: "limiter", Name: "Limiter", Short: "kind of limiter"}
	name, meaning := r.kind()
	if r.LimiterConfidence == ConfidenceNone && len(r.LimiterEvidence) > 0 {
		meaning = "" // That is why.
	}
	f.Text = perhaps(r.LimiterConfidence, name)
	f.Also = joined("; ", meaning, evidence(r.LimiterConfidence, r.LimiterEvidence))
	if r.LimiterConfidence == ConfidenceLow {
		f.Short += ", " + evidence(r.LimiterConfidence, nil)
	}
	return f
}

func (r *Report) burstFact() Fact {
	f := Fact{Key: "burst", Name: "Burst", Unit: publishesUnit, Text: notDetermined}
	if r.Burst == nil {
		f.Also = evidence(ConfidenceNone, r.BurstEvidence)
		return f
	}
	f.Value, f.Text = r.Burst, perhaps(r.BurstConfidence, "about "+figure.Count(int(math.Round(*r.Burst))))
	f.Short = "publishes at once after a pause"
	f.Also = joined("; ", f.Short, evidence(r.BurstConfidence, r.BurstEvidence))
	return f
}

// joined puts together what is not empty.
func joined(between string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), between)
}

// kind is the kind of limiter, and what that means.
func (r *Report) kind() (name, meaning string) {
	window := ""
	if r.WindowSeconds != nil {
		window = " of " + figure.Number(*r.WindowSeconds, 3) + " s"
	}
	switch r.Limiter {
	case "bucket":
		return "bucket", "tokens come at the rate, a pause saves up a burst"
	case "fixed-window":
		return "fixed window" + window, "a fixed number of publishes in each window, and windows follow each other"
	case "sliding":
		return "sliding window" + window, "a fixed number of publishes within any such time"
	case "soft":
		return "soft", "refusals begin before the quota is used up, as when it is spread over several servers or " +
			"others use it, too"
	case "shared":
		return "shared", "others use the quota, too"
	case unknownLimiter, "":
		return unknownLimiter, "nothing shows it"
	}
	return printable.Text(r.Limiter), ""
}
