package lab_test

import (
	"maps"
	"testing"

	"momento-bridge/test/lab"
)

const exported = lab.Metrics(`# HELP settled_total how messages ended
# TYPE settled_total counter
settled_total{outcome="published",route="a b"} 3
settled_total{outcome="dropped",route="a b"} 0
settled_total{outcome="published",route="c"} 4
settled_total_of_others{outcome="published",route="c"} 100
goroutines 12
`)

func TestSumIsOfTheChildrenWithTheLabels(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, labels string
		want         float64
	}{
		{"settled_total", "", 7},
		{"settled_total", `route="c"`, 4},
		{"settled_total", `outcome="dropped"`, 0},
		{"settled_total", `outcome="expired"`, -1},
		{"settled", "", -1},
		{"goroutines", "", 12},
	} {
		if got := exported.Sum(tt.name, tt.labels); got != tt.want {
			t.Errorf("the sum of %s{%s} is %g, want %g", tt.name, tt.labels, got, tt.want)
		}
	}
}

func TestByAddsUpEachValueOfALabel(t *testing.T) {
	t.Parallel()
	if got, want := exported.By("settled_total", "outcome"), map[string]int{"published": 7}; !maps.Equal(got, want) {
		t.Errorf("by outcome: %v, want %v", got, want)
	}
}
