package daemon

import (
	"testing"

	"momento-bridge/pipeline"
)

func TestARefusalForQuotaIsToldBetweenItsAttemptsToo(t *testing.T) {
	t.Parallel()
	refusing := []pipeline.QuotaStats{{Scope: "region"}, {Scope: "throughput", Refusing: true}}
	for _, by := range []pipeline.Limit{pipeline.ByQuota, pipeline.ByNothing} {
		all, own := pipeline.Stats{Quotas: refusing}, pipeline.RouteStats{LimitedBy: by}
		if why := slow(&all, &own); why != "the endpoint refuses for quota (429)" {
			t.Errorf("limited by %s it says %q", by, why)
		}
	}
	all, own := pipeline.Stats{}, pipeline.RouteStats{LimitedBy: pipeline.ByQuota}
	if why := slow(&all, &own); why != "the quota is used up" {
		t.Errorf("without a refusal it says %q", why)
	}
}
