package helm

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
)

const watched = `monitoring:
  podMonitor: {enabled: true}
  rules: {enabled: true}
  dashboard: {enabled: true}
`

// The alerts have templates of Prometheus' own in them, which Helm must not take for its own.
func TestAlertsAndDashboardAreThoseOfGrafana(t *testing.T) {
	t.Parallel()
	out, err := release(t, "bridge", watched)
	if err != nil {
		t.Fatal(err)
	}
	w := worldOf(t, out)
	text, err := os.ReadFile(top + "/grafana/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var want monitoring.PrometheusRuleSpec
	if err := yaml.UnmarshalStrict(text, &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(w.rules.Spec, want) || len(want.Groups) == 0 {
		t.Error("the alerts are others than those of grafana/alerts.yaml")
	}
	if !strings.Contains(w.rules.Spec.Groups[0].Rules[0].Annotations["summary"], "{{ $labels.route }}") {
		t.Error("the first alert names no route")
	}
	dashboard, err := os.ReadFile(top + "/grafana/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	if w.dashboard.Data["momento-bridge.json"] != string(dashboard) {
		t.Error("the dashboard is another one than grafana/dashboard.json")
	}
	// What a ConfigMap and a release of Helm may hold; the latter is compressed, and has the chart in it, too.
	if len(dashboard) > 700_000 {
		t.Errorf("the dashboard has %d bytes, a ConfigMap 1 MiB at the most", len(dashboard))
	}
}

func TestLinksInAlertsLeadToTheRunbookThatIsNamed(t *testing.T) {
	t.Parallel()
	out, err := release(t, "bridge", `monitoring: {rules: {enabled: true, runbook: "https://wiki/runbook"}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range worldOf(t, out).rules.Spec.Groups {
		for _, rule := range group.Rules {
			if link := rule.Annotations["runbook"]; !strings.HasPrefix(link, "https://wiki/runbook#") {
				t.Errorf("%s leads to %q", rule.Alert, link)
			}
		}
	}
}

// The job's name is that which the alerts look for, and which the autoscaler asks for.
func TestJobOfThePodMonitorIsTheOneThatIsScaledBy(t *testing.T) {
	t.Parallel()
	out, err := release(t, "bridge", watched+"autoscaling: {kind: keda}\n")
	if err != nil {
		t.Fatal(err)
	}
	w := worldOf(t, out)
	job := *w.monitor.Spec.PodMetricsEndpoints[0].RelabelConfigs[0].Replacement
	if !strings.Contains(job, "momento-bridge") {
		t.Errorf("the alerts do not find the job %s", job)
	}
	if query := w.keda.Spec.Triggers[0].Metadata["query"]; strings.Count(query, `job="`+job+`"`) != 3 {
		t.Errorf("the query asks for others than %s:\n%s", job, query)
	}
}

// TestPrometheusIsToldWhetherTheAdminPortSpeaksTLS as the probes are. The file may have passwords alone, which nobody
// sees from outside: then one says so.
func TestPrometheusIsToldWhetherTheAdminPortSpeaksTLS(t *testing.T) {
	t.Parallel()
	const web = "secrets: {admin: {web_config_file: {secret: a}}}\n"
	for values, want := range map[string]string{
		"":  "",
		web: "https",
		web + `podAnnotations: {prometheus.io/scheme: http}`:                                      "http",
		"monitoring: {podMonitor: {enabled: true}}":                                               "",
		web + "monitoring: {podMonitor: {enabled: true, endpoint: {honorLabels: true}}}":          "https",
		web + "monitoring: {podMonitor: {enabled: true, endpoint: {scheme: http, path: /other}}}": "http",
	} {
		out, err := release(t, "bridge", values)
		if err != nil {
			t.Fatal(err)
		}
		w := worldOf(t, out)
		got := w.deployment.Spec.Template.Annotations["prometheus.io/scheme"]
		if w.monitor != nil {
			if scheme := w.monitor.Spec.PodMetricsEndpoints[0].Scheme; scheme != nil {
				got = string(*scheme)
			}
		}
		if got != want {
			t.Errorf("%s: the scheme is %q, want %q", values, got, want)
		}
	}
}
