package helm

import (
	"maps"
	"strings"
	"testing"

	"momento-bridge/test/helm/render"
)

// TestPodsAreReplacedExactlyWhenTheirConfigurationChanges looks at the checksum, by which pods differ.
func TestPodsAreReplacedExactlyWhenTheirConfigurationChanges(t *testing.T) {
	t.Parallel()
	checksum := func(values string) string {
		t.Helper()
		out, err := release(t, "bridge", values)
		if err != nil {
			t.Fatalf("%s: %v", values, err)
		}
		return worldOf(t, out).deployment.Spec.Template.Annotations["checksum/config"]
	}
	before := checksum("")
	for values, same := range map[string]bool{
		"config: {limits: {rate: 7}}":                         false,
		"config: {routes: [{name: a, subject: b, cache: c}]}": false,
		"config: {shutdown_timeout: 21s}":                     false,
		"secrets: {nats: {creds_file: {secret: nats}}}":       false, // The path is in the file.
		"fullnameOverride: other":                             false, // It is the group's name.
		"replicas: 3":                                         true,
		"labels: {team: a}":                                   true,
		"image: {tag: v2}":                                    true,
		"secrets: {momento: {api_key_file: {secret: other}}}": true, // The daemon reads it again by itself.
		"config: {limits: null}":                              true,
		"autoscaling: {kind: keda}":                           true,
	} {
		if (checksum(values) == before) != same {
			t.Errorf("%s: the checksum is the same: %v, want %v", values, !same, same)
		}
	}
	if out, err := release(t, "bridge", ""); err != nil || len(before) != 64 || !strings.Contains(out.Text(), before) {
		t.Errorf("the checksum is %q: %v", before, err)
	}
}

// TestSelectorsStayAsTheyAre across upgrades, as Kubernetes refuses to change those of a Deployment.
func TestSelectorsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	out, err := release(t, "bridge", "")
	if err != nil {
		t.Fatal(err)
	}
	before := worldOf(t, out).deployment
	newer := *loaded(t)
	metadata := *newer.Metadata
	metadata.Version, metadata.AppVersion = "9.9.9+build.7", "v9.9.9"
	newer.Metadata = &metadata
	for _, values := range []string{
		"labels: {team: a}", "podLabels: {team: a}", "replicas: 5", "image: {tag: v2}", "autoscaling: {kind: hpa}",
		"serviceAccount: {create: true}", "existingConfigMap: {key: a}",
	} {
		out, err := render.WithValues(&newer, render.Release{Name: "bridge", Namespace: "default"}, with(t, values))
		if err != nil {
			t.Fatal(err)
		}
		after := worldOf(t, out).deployment
		if after.Name != before.Name || !maps.Equal(after.Spec.Selector.MatchLabels, before.Spec.Selector.MatchLabels) {
			t.Errorf("%s: %s selects %v", values, after.Name, after.Spec.Selector.MatchLabels)
		}
		if version := after.Labels["helm.sh/chart"]; version != "momento-bridge-9.9.9_build.7" {
			t.Errorf("the chart is called %s", version)
		}
	}
}

// TestDefaultsThatAnOlderChartDidNotHaveAreMissed, as helm upgrade --reuse-values takes the values of the chart before.
func TestDefaultsThatAnOlderChartDidNotHaveAreMissed(t *testing.T) {
	t.Parallel()
	older := *loaded(t)
	older.Values = maps.Clone(older.Values)
	delete(older.Values, "probes")
	_, err := render.WithValues(&older, render.Release{Name: "bridge", Namespace: "default"}, with(t, ""))
	if err == nil || !strings.Contains(err.Error(), "missing property 'probes'") {
		t.Errorf("%v, want the key that is missing", err)
	}
}

// TestReleasesOfOneNamespaceShareNothing but what is named alike on purpose.
func TestReleasesOfOneNamespaceShareNothing(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 52)
	names := map[string]string{}
	groups := map[string]string{}
	for _, name := range []string{
		"a", "b", "momento-bridge", "momento-bridge-2", "my-momento-bridge", "1", "a.b", long + "a", long + "b",
	} {
		out, err := release(t, name, "monitoring: {dashboard: {enabled: true}, podMonitor: {enabled: true}}")
		if err != nil {
			t.Fatal(err)
		}
		w := worldOf(t, out)
		for i, o := range w.objects {
			object := out.Manifests[i].File + " " + o.GetName()
			if other, taken := names[object]; taken {
				t.Errorf("%s is of the releases %s and %s", object, other, name)
			}
			names[object] = name
		}
		if other, taken := groups[w.file.Limits.Group]; taken {
			t.Errorf("%s and %s share the group %s", name, other, w.file.Limits.Group)
		}
		groups[w.file.Limits.Group] = name
		if got := w.deployment.Spec.Selector.MatchLabels["app.kubernetes.io/instance"]; got != name {
			t.Errorf("the release %s selects pods of %s", name, got)
		}
	}
}
