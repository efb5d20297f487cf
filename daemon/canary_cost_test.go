package daemon

import (
	"strings"
	"testing"

	"momento-bridge/config"
)

func TestACanaryThatIsTooOftenForTheQuotaIsTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ limits, every, want string }{
		{"rate: 10", "20s", ""},
		{"rate: 10", "30s", ""},
		{"rate: 10", "0s", ""},
		{"rate: 10", "10s", "2 % of limits.rate, which is 10/s"},
		{"rate: 10", "10s", "raise it to 20s"},
		{"rate: 2", "20s", "raise it to 1m40s"},
		{"rate: auto", "10s", "2 % of the default quota, which is 10/s"},
		{"rate: unlimited", "1s", ""},
		{"rate: 1000", "1s", ""},
		{"rate: 1000, caches: {c: {rate: 1}}", "1m", "of limits.caches.c, which is 1/s"},
	} {
		f := config.Read("f", []byte("limits: {"+c.limits+"}\ncanary: {every: "+c.every+
			"}\nroutes: [{name: r, subject: a, cache: c}]\n"))
		f.Validate()
		got := strings.Join(canaryWarnings(&f.Config), "\n")
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s, every %s: it says %q, want %q", c.limits, c.every, got, c.want)
		}
	}
}
