package helm

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"helm.sh/helm/v4/pkg/chart/v2/loader"

	"momento-bridge/test/helm/made"
	"momento-bridge/test/helm/render"
)

func TestChartOfAReleaseHasItsVersionAndIsTheSameTwice(t *testing.T) {
	t.Parallel()
	var texts [2][]byte
	var file string
	for i := range texts {
		var err error
		if file, err = made.Pack(top, "v1.2.3", t.TempDir(), time.Unix(1_700_000_000, 0)); err != nil {
			t.Fatal(err)
		}
		if texts[i], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(texts[0], texts[1]) {
		t.Error("packed twice it has different bytes")
	}
	if !strings.HasSuffix(file, "/momento-bridge-1.2.3.tgz") {
		t.Errorf("the file is %s", file)
	}
	if len(texts[0]) > 200_000 { // Helm keeps a release in a Secret, with the chart in it.
		t.Errorf("%d bytes", len(texts[0]))
	}
	c, err := loader.LoadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out, err := render.WithValues(c, render.Release{Name: "bridge", Namespace: "default"}, with(t, watched))
	if err != nil {
		t.Fatal(err)
	}
	w := worldOf(t, out)
	if image := w.container().Image; image != "momento-bridge:v1.2.3" {
		t.Errorf("the image is %s", image)
	}
	labels := w.deployment.Labels
	if labels["helm.sh/chart"] != "momento-bridge-1.2.3" || labels["app.kubernetes.io/version"] != "v1.2.3" {
		t.Errorf("the labels are %v", labels)
	}
	if len(w.rules.Spec.Groups) == 0 || len(w.dashboard.Data["momento-bridge.json"]) == 0 {
		t.Error("the alerts or the dashboard are missing")
	}
	c.Metadata.AppVersion = "v1.2.3+build.7" // No tag of an image has a plus.
	if out, err = render.WithValues(c, render.Release{Name: "bridge", Namespace: "default"}, with(t, "")); err != nil {
		t.Fatal(err)
	}
	if image := worldOf(t, out).container().Image; image != "momento-bridge:v1.2.3_build.7" {
		t.Errorf("the image is %s", image)
	}
	if _, err := made.Pack(top, "1.2.3", t.TempDir(), time.Time{}); err == nil {
		t.Error("a version without v is no tag")
	}
}
