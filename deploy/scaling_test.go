package deploy

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

func TestReplicasAreSpreadAndReplacedOneByOne(t *testing.T) {
	deployment := documents(t)["Deployment"]
	if n := at(t, deployment, "spec", "replicas").(int); n < 2 {
		t.Errorf("%d replicas, want one that can take over", n)
	}
	if n := at(t, deployment, "spec", "strategy", "rollingUpdate", "maxSurge"); n != 1 {
		t.Errorf("maxSurge is %v", n)
	}
	pod := at(t, deployment, "spec", "template", "spec")
	for i, key := range []string{"kubernetes.io/hostname", "topology.kubernetes.io/zone"} {
		spread := at(t, pod, "topologySpreadConstraints", i)
		if got := at(t, spread, "topologyKey"); got != key {
			t.Errorf("replicas are spread over %v, want %s", got, key)
		}
		// A cluster of one node must be able to start the pod that replaces another.
		if got := at(t, spread, "whenUnsatisfiable"); got != "ScheduleAnyway" {
			t.Errorf("whenUnsatisfiable is %v", got)
		}
		if got := at(t, spread, "labelSelector", "matchLabels", "app.kubernetes.io/name"); got != "momento-bridge" {
			t.Errorf("pods of %v are spread", got)
		}
	}
	if grace := at(t, pod, "terminationGracePeriodSeconds").(int); grace < 25 {
		t.Errorf("%d s of grace, want shutdown_timeout and 5 s", grace)
	}
}

// autoscaling returns what keda.yaml and hpa.yaml say.
func autoscaling(t *testing.T) (keda, hpa map[string]any, queries []string) {
	t.Helper()
	keda, all := documentsOf(t, "keda.yaml")["ScaledObject"], documentsOf(t, "hpa.yaml")
	hpa = all["HorizontalPodAutoscaler"]
	var adapter map[string]any
	if err := yaml.Load([]byte(at(t, all["ConfigMap"], "data", "config.yaml").(string)), &adapter); err != nil {
		t.Fatal(err)
	}
	return keda, hpa, []string{
		at(t, keda, "spec", "triggers", 0, "metadata", "query").(string),
		at(t, adapter, "externalRules", 0, "metricsQuery").(string),
	}
}

func TestAutoscalersNameTheDeploymentAndScaleSlowlyWithinBounds(t *testing.T) {
	keda, hpa, queries := autoscaling(t)
	name := at(t, documents(t)["Deployment"], "metadata", "name")
	for what, target := range map[string]any{
		"keda.yaml": at(t, keda, "spec", "scaleTargetRef", "name"),
		"hpa.yaml":  at(t, hpa, "spec", "scaleTargetRef", "name"),
	} {
		if target != name {
			t.Errorf("%s scales %v, want %v", what, target, name)
		}
	}
	if at(t, keda, "spec", "minReplicaCount").(int) < 2 || at(t, hpa, "spec", "minReplicas").(int) < 2 {
		t.Error("fewer than two replicas may be left: nobody would take over at once")
	}
	if at(t, keda, "spec", "maxReplicaCount") != at(t, hpa, "spec", "maxReplicas") {
		t.Error("keda.yaml and hpa.yaml have different bounds")
	}
	if strings.TrimSpace(queries[0]) != strings.TrimSpace(queries[1]) {
		t.Error("keda.yaml and hpa.yaml have different queries")
	}
	for _, behavior := range []any{
		at(t, keda, "spec", "advanced", "horizontalPodAutoscalerConfig", "behavior"),
		at(t, hpa, "spec", "behavior"),
	} {
		for _, way := range []string{"scaleUp", "scaleDown"} {
			if n := at(t, behavior, way, "policies", 0, "value"); n != 1 {
				t.Errorf("%s by %v pods at a time", way, n)
			}
		}
	}
}

// Metrics of the queries must be those that the program has.
func TestAutoscalersAskForMetricsThatExist(t *testing.T) {
	_, _, queries := autoscaling(t)
	known, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`momento_bridge_(\w+)`).FindAllStringSubmatch(queries[0], -1)
	if len(names) < 3 {
		t.Errorf("%d metrics, want backlog, what limits, refusals", len(names))
	}
	for _, name := range names {
		if !strings.Contains(string(known), "`"+name[1]+"`") {
			t.Errorf("docs/metrics.md has no %s", name[1])
		}
	}
}

// What waits counts while more replicas would help: not while the quota, the endpoint or the order hold it back.
func TestBacklogCountsWhileReplicasWouldHelp(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed: apt-get install --no-install-recommends prometheus")
	}
	_, _, queries := autoscaling(t)
	const pod, series = `job="momento-bridge", instance=%q`, "      - {series: 'momento_bridge_%s', values: '%s'}\n"
	var tests strings.Builder
	for _, tt := range []struct {
		what, by, throttled string
		want                int
	}{
		{"connections", "connections", "0x10", 5000},
		{"nothing", "nothing", "0x10", 5000},
		{"the quota", "quota", "0x10", 0},
		{"order", "order", "0x10", 0},
		{"the endpoint", "endpoint", "0x10", 0},
		{"refusals", "connections", "1x10", 0},
	} {
		fmt.Fprintf(&tests, "  - interval: 1m\n    name: %s\n    input_series:\n", tt.what)
		for _, instance := range []string{"a", "b"} { // Both see the same consumer.
			labels := fmt.Sprintf(pod, instance)
			fmt.Fprintf(&tests, series, "consumer_pending{"+labels+`, route="s"}`, "5000x10")
			fmt.Fprintf(&tests, series, "throttled{"+labels+"}", tt.throttled)
			for _, by := range []string{"nothing", "connections", "quota", "order", "endpoint"} {
				value := "0x10"
				// The other one stands by.
				if by == tt.by && instance == "a" || by == "nothing" && instance == "b" {
					value = "1x10"
				}
				fmt.Fprintf(&tests, series, "route_limited{"+labels+`, route="s", by="`+by+`"}`, value)
			}
		}
		samples := fmt.Sprintf("[{labels: '{}', value: %d}]", tt.want)
		fmt.Fprintf(&tests, "    promql_expr_test:\n      - {expr: %q, eval_time: 5m, exp_samples: %s}\n", queries[0],
			samples)
	}
	file := filepath.Join(t.TempDir(), "tests.yaml")
	text := "evaluation_interval: 1m\ntests:\n" + tests.String()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(promtool, "test", "rules", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
