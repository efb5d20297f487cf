package status

import (
	"strings"
	"testing"

	"momento-bridge/admin"
	"momento-bridge/pipeline"
	"momento-bridge/pipeline/quota"
)

// An endpoint that refuses at random is told of with what to do, and is no reason for anything to stand still.
func TestRefusalsAtRandomAreToldOfAndNoReasonToBeUnready(t *testing.T) {
	t.Parallel()
	f := well()
	f.Routes[0].Rates = admin.Rates{In: 480, Out: 480}
	f.Pipeline.Quotas = []pipeline.QuotaStats{
		{
			Scope: "region", Rate: 500, Floor: 0.0312, State: quota.AtCeiling, Reason: "the configured rate",
			Refusing: true,
		},
		{Scope: "throughput", Rate: 500},
		{Scope: "cache:c", Rate: 10, Floor: 0.1, State: quota.Holding, Reason: "a quota of 10/s"},
	}
	const region = "3.1 % of publishes are refused at any rate"
	s := Of(f)
	if s.State != admin.Publishing || !s.Ready {
		t.Errorf("%s, ready %v: %s", s.State, s.Ready, s.Summary)
	}
	for _, words := range []string{
		region, "10 % of publishes to the cache c are", "going slower does not help", "Ask Momento",
	} {
		if !strings.Contains(s.Summary, words) {
			t.Errorf("the summary does not say %q: %s", words, s.Summary)
		}
	}
	if q := s.Quotas[0]; q.Floor != 0.0312 || !strings.HasPrefix(q.Reason, "the configured rate; "+region) {
		t.Errorf("the quota: %+v", q)
	}
	if q := s.Quotas[1]; q.Floor != 0 || q.Reason != "" {
		t.Errorf("a quota without noise: %+v", q)
	}
	if remarks := Remarks(f); len(remarks) != 2 || !strings.Contains(remarks[0], region) {
		t.Errorf("remarks %q", remarks)
	}
	f.Pipeline.Quotas[0].State = quota.Waiting // More is refused than the share that is refused at any rate.
	if s := Of(f); s.State != admin.Throttled {
		t.Errorf("while publishing pauses: %s: %s", s.State, s.Summary)
	}
	f.Pipeline.Quotas[0].State, f.Pipeline.Quotas[0].Floor = quota.AtCeiling, 0
	if s := Of(f); s.State != admin.Throttled {
		t.Errorf("refusals that nothing explains: %s: %s", s.State, s.Summary)
	}
	if remarks := Remarks(well()); len(remarks) != 0 {
		t.Errorf("remarks on a daemon that is well: %q", remarks)
	}
}
