package helm

import (
	"path"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"

	"momento-bridge/test/helm/render"
)

// TestHelm3RendersTheSame as Helm 4, by which all others tests render, and refuses the same.
func TestHelm3RendersTheSame(t *testing.T) {
	t.Parallel()
	c, err := loader.Load(top + "/" + render.Chart)
	if err != nil {
		t.Fatal(err)
	}
	f := func(r render.Release, values map[string]any) (map[string]string, error) {
		options := chartutil.ReleaseOptions{Name: r.Name, Namespace: r.Namespace, Revision: 1, IsInstall: true}
		all, err := chartutil.ToRenderValues(c, values, options, chartutil.DefaultCapabilities)
		if err != nil {
			return nil, err
		}
		return engine.Render(c, all)
	}
	for _, s := range sets(t) {
		values, err := chartutil.ReadValues([]byte(s.release.Values))
		if err != nil {
			t.Fatal(err)
		}
		files, err := f(s.release, values)
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		out := rendered(t, s.release)
		for _, m := range out.Manifests {
			if got := strings.TrimSpace(files[path.Join(c.Name(), "templates", m.File)]) + "\n"; got != m.Text {
				t.Errorf("%s: %s is\n%s\nand with Helm 4\n%s", s.name, m.File, got, m.Text)
			}
		}
		if notes := files[path.Join(c.Name(), "templates/NOTES.txt")]; notes != out.Notes {
			t.Errorf("%s: the notes are\n%s\nand with Helm 4\n%s", s.name, notes, out.Notes)
		}
	}
	r := render.Release{Name: "bridge", Namespace: "default"}
	for _, tt := range wrong {
		if _, err := f(r, with(t, tt.values)); err == nil || !strings.Contains(err.Error(), tt.names) {
			t.Errorf("%s: %v, want %s", tt.values, err, tt.names)
		}
	}
	for _, tt := range unfit {
		if _, err := f(r, with(t, tt.values)); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", tt.values, err, tt.says)
		}
	}
}
