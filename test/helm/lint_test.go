package helm

import (
	"testing"

	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"

	"momento-bridge/test/helm/render"
)

func TestLintFindsNothing(t *testing.T) {
	t.Parallel()
	f := func(name string, values map[string]any) {
		t.Helper()
		for _, m := range lint.RunAll(top+"/"+render.Chart, values, "default").Messages {
			if m.Severity > support.InfoSev { // An icon is recommended, for catalogues.
				t.Errorf("%s: %v", name, m)
			}
		}
	}
	f("no values", nil)
	for _, s := range sets(t) {
		values, err := render.Values(s.release.Values)
		if err != nil {
			t.Fatal(err)
		}
		f(s.name, values)
	}
}
