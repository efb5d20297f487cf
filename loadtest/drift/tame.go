package drift

import "slices"

// fence is how far beyond the quartiles a sample may be, in terms of what is between these. What is farther says that
// something happened, not how much it is: a minute in which the machine stood still must not decide where the levels
// are.
const fence = 3

// tamed are the samples with those beyond the fence put upon it.
func tamed(samples []Sample) []Sample {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = s.Value
	}
	slices.Sort(values)
	low, high := values[len(values)/4], values[3*len(values)/4]
	room := fence * (high - low)
	if room == 0 { // Most are alike: the others are what there is to see.
		return samples
	}
	out := slices.Clone(samples)
	for i := range out {
		out[i].Value = min(max(out[i].Value, low-room), high+room)
	}
	return out
}

// levels are the medians before and from a time on.
func levels(samples []Sample, since float64) (before, after float64) {
	i := 0
	for i < len(samples)-1 && (i == 0 || samples[i].At < since) {
		i++
	}
	return median(samples[:i]), median(samples[i:])
}
