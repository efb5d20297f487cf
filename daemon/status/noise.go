package status

import (
	"fmt"
	"strings"

	"momento-bridge/admin"
	"momento-bridge/condition"
	"momento-bridge/pipeline"
	"momento-bridge/pipeline/quota"
)

// Remarks returns what is worth knowing of a daemon that is ready, each in one line: what of a route does not flow,
// which share of the publishes the endpoint refuses at any rate, what keeps replicas from working together.
func Remarks(f *Facts) []string {
	texts := apart(f.told())
	for i := range f.Pipeline.Routes {
		r := &f.Pipeline.Routes[i]
		if text := degraded(r); text != "" {
			texts = append(texts, "route "+r.Name+": "+text)
		}
	}
	for i := range f.Pipeline.Quotas {
		if q := &f.Pipeline.Quotas[i]; q.Floor > 0 {
			texts = append(texts, noiseText(q.Scope, q.Floor)+"; "+condition.Noise.Advice())
		}
	}
	return texts
}

// quotaReason is the reason for a quota's rate, and what is refused whatever it is.
func quotaReason(q *pipeline.QuotaStats) string {
	if q.Floor == 0 {
		return q.Reason
	}
	return q.Reason + "; " + noiseText(q.Scope, q.Floor)
}

// noiseText says which share is refused at any rate.
func noiseText(scope string, floor float64) string {
	text := condition.Noise.Sentence()
	if cache, ok := strings.CutPrefix(scope, "cache:"); ok {
		text = strings.Replace(text, "publishes", "publishes to the cache "+cache, 1)
	}
	return fmt.Sprintf("%.2g %% of %s", 100*floor, text)
}

// noise says so of all quotas; empty if of none.
func noise(s *admin.Status) string {
	var texts []string
	for _, q := range s.Quotas {
		if q.Floor > 0 {
			texts = append(texts, noiseText(q.Scope, q.Floor))
		}
	}
	if len(texts) == 0 {
		return ""
	}
	return " " + some(texts) + ". " + capital(condition.Noise.Advice()) + "."
}

// slowed reports whether refusals slow a quota down: those that come at any rate do not.
func slowed(q *admin.Quota) bool {
	return q.Refusing && (q.Floor == 0 || q.State == string(quota.Waiting))
}
