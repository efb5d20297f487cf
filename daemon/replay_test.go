package daemon

import (
	"math"
	"testing"

	"momento-bridge/pipeline"
)

func TestReplayUsesAShareOfTheQuota(t *testing.T) {
	f := func(quota pipeline.Rate, share string, want float64) {
		t.Helper()
		if got, err := shareOf(quota, share); err != nil || got.Ceiling != want || got.Learn {
			t.Errorf("%s of %+v is %+v, %v, want %g/s", share, quota, got, err, want)
		}
	}
	f(pipeline.Rate{Ceiling: 500}, "10%", 50)
	f(pipeline.Rate{Ceiling: math.Inf(1)}, "10%", 1)
	f(pipeline.Rate{Ceiling: math.Inf(1), Learn: true}, "50%", 5)
}
