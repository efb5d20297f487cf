package grafana

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"momento-bridge/test/long"

	"go.yaml.in/yaml/v4"
)

// ruleFile is what the tests read of alerts.yaml.
type ruleFile struct {
	Groups []struct {
		Name  string
		Rules []rule
	}
}

type rule struct {
	Alert, Expr         string
	Labels, Annotations map[string]string
}

func alerts(t *testing.T) []rule {
	t.Helper()
	var f ruleFile
	if err := yaml.Unmarshal([]byte(read(t, "alerts.yaml")), &f); err != nil {
		t.Fatal(err)
	}
	var all []rule
	for _, g := range f.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

func alertNames(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, r := range alerts(t) {
		names = append(names, r.Alert)
	}
	return names
}

// promtool runs a check, which must succeed and say nothing of warnings.
func promtool(t *testing.T, stdin string, args ...string) {
	t.Helper()
	cmd := exec.Command(need(t, "promtool"), args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(strings.ToLower(string(out)), "warning") {
		t.Errorf("promtool %v: %v\n%s", args, err, out)
	}
}

func TestRulesAreValid(t *testing.T) {
	t.Parallel()
	promtool(t, "", "check", "rules", "--lint=all", "--lint-fatal", "alerts.yaml")
}

func TestAlertsFireAtExactTimes(t *testing.T) {
	t.Parallel()
	long.Only(t)
	promtool(t, "", "test", "rules", "alerts_test.yaml")
}

// lint checks what a daemon exports as Prometheus sees it.
func lint(t *testing.T, metrics string) {
	t.Helper()
	promtool(t, metrics, "check", "metrics")
}

func TestEveryAlertIsUnitTestedAndExplained(t *testing.T) {
	tests, runbook := read(t, "alerts_test.yaml"), read(t, "../docs/runbook.md")
	for _, r := range alerts(t) {
		if !strings.Contains(tests, "alertname: "+r.Alert+"}") || !strings.Contains(tests, "alertname: "+r.Alert+"\n") {
			t.Errorf("alerts_test.yaml does not show %s firing and not firing", r.Alert)
		}
		if s := r.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s has severity %q", r.Alert, s)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s says nothing", r.Alert)
		}
		if want := "docs/runbook.md#" + strings.ToLower(r.Alert); r.Annotations["runbook"] != want {
			t.Errorf("%s has runbook %q, want %q", r.Alert, r.Annotations["runbook"], want)
		}
		if !strings.Contains(runbook, "\n## "+r.Alert+"\n") {
			t.Errorf("docs/runbook.md has no section on %s", r.Alert)
		}
	}
}

// Each section of the runbook is about an alert that exists, says what is needed, and names panels that exist.
func TestRunbookIsAboutTheAlerts(t *testing.T) {
	names := alertNames(t)
	titles := map[string]bool{}
	for _, p := range dashboard(t).Panels {
		titles[p.Title] = true
	}
	panel := regexp.MustCompile(`"([^"]+)"`)
	sections := strings.Split(read(t, "../docs/runbook.md"), "\n## ")[1:]
	for _, section := range sections {
		name, text, _ := strings.Cut(section, "\n")
		if !slices.Contains(names, name) {
			t.Errorf("the runbook has a section on %s, which is no alert", name)
		}
		for _, part := range []string{"**For users**", "**See it**", "**Causes**", "**Do**", "**Over**"} {
			if !strings.Contains(text, part) {
				t.Errorf("the runbook's section on %s has no %s", name, part)
			}
		}
		for _, m := range panel.FindAllStringSubmatch(text, -1) {
			if !titles[m[1]] {
				t.Errorf("the runbook's section on %s names the panel %q, which does not exist", name, m[1])
			}
		}
	}
	if len(sections) != len(names) {
		t.Errorf("%d sections, %d alerts", len(sections), len(names))
	}
}
