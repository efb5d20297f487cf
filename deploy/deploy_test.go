// Package deploy checks the deployment files.
package deploy

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"momento-bridge/config"
)

// documents returns the objects of kubernetes.yaml by kind.
func documents(t *testing.T) map[string]map[string]any {
	t.Helper()
	return documentsOf(t, "kubernetes.yaml")
}

// documentsOf returns the Kubernetes objects of a file by kind.
func documentsOf(t *testing.T, file string) map[string]map[string]any {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]any{}
	for document := range bytes.SplitSeq(text, []byte("\n---\n")) {
		var object map[string]any
		if err := yaml.Load(document, &object); err != nil {
			t.Fatal(err)
		}
		all[object["kind"].(string)] = object
	}
	return all
}

// at walks down maps and lists.
func at(t *testing.T, object any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object = object.(map[string]any)[step]
		case int:
			object = object.([]any)[step]
		}
		if object == nil {
			t.Fatalf("nothing at %v of %v", step, path)
		}
	}
	return object
}

func TestDeploymentIsHardened(t *testing.T) {
	pod := at(t, documents(t)["Deployment"], "spec", "template", "spec")
	container := at(t, pod, "containers", 0)
	f := func(want any, in any, path ...any) {
		t.Helper()
		if got := at(t, in, path...); got != want {
			t.Errorf("%v is %v, want %v", path, got, want)
		}
	}
	f(false, pod, "automountServiceAccountToken")
	f(true, pod, "securityContext", "runAsNonRoot")
	f("RuntimeDefault", pod, "securityContext", "seccompProfile", "type")
	f(false, container, "securityContext", "allowPrivilegeEscalation")
	f(true, container, "securityContext", "readOnlyRootFilesystem")
	f("ALL", container, "securityContext", "capabilities", "drop", 0)
	f("/livez", container, "startupProbe", "httpGet", "path")
	f("/livez", container, "livenessProbe", "httpGet", "path")
	f("/readyz", container, "readinessProbe", "httpGet", "path")
	f("momento-bridge", pod, "volumes", 1, "projected", "sources", 0, "secret", "name")
	f(0, documents(t)["Deployment"], "spec", "strategy", "rollingUpdate", "maxUnavailable")
	f(1, documents(t)["PodDisruptionBudget"], "spec", "maxUnavailable")
	if grace := at(t, pod, "terminationGracePeriodSeconds").(int); grace <= 20 {
		t.Errorf("%d s of grace, want more than shutdown_timeout", grace)
	}
}

// Others than Prometheus reach no port, and who reaches it cannot pause or reload.
func TestNobodyControlsTheDaemonFromOutsideThePod(t *testing.T) {
	t.Parallel()
	all := documents(t)
	policy := at(t, all["NetworkPolicy"], "spec")
	labels := at(t, all["Deployment"], "spec", "template", "metadata", "labels").(map[string]any)
	selected := at(t, policy, "podSelector", "matchLabels").(map[string]any)
	const name = "app.kubernetes.io/name"
	if selected[name] != labels[name] {
		t.Errorf("the policy is for %v, the pods are %v", selected, labels)
	}
	if types := at(t, policy, "policyTypes").([]any); len(types) != 2 {
		t.Errorf("the policy is about %v, want both directions", types)
	}
	rules := at(t, policy, "ingress").([]any)
	port := at(t, all["Deployment"], "spec", "template", "spec", "containers", 0, "ports", 0, "name")
	if len(rules) != 1 || at(t, rules[0], "ports", 0, "port") != port || len(at(t, rules[0], "from").([]any)) != 1 {
		t.Errorf("let in are %v", rules)
	}
	f := config.Read("", []byte(at(t, all["ConfigMap"], "data", "config.yaml").(string)))
	if f.Admin.Control != "loopback" || f.Admin.Pprof {
		t.Errorf("control is for %q, profiles are served: %v", f.Admin.Control, f.Admin.Pprof)
	}
}

// /livez has been patient already when it fails: a restart needs no more patience than for a slow answer.
func TestLivenessIsAskedOftenEnough(t *testing.T) {
	probe := at(t, documents(t)["Deployment"], "spec", "template", "spec", "containers", 0, "livenessProbe")
	period, failures, timeout := at(t, probe, "periodSeconds").(int), at(t, probe, "failureThreshold").(int),
		at(t, probe, "timeoutSeconds").(int)
	if wait := period * failures; wait < 20 || wait > 30 || timeout < 3 {
		t.Errorf("%d probes, one in %d s, of %d s each", failures, period, timeout)
	}
}

func TestPrometheusIsToldWhereMetricsAre(t *testing.T) {
	template := at(t, documents(t)["Deployment"], "spec", "template")
	port := at(t, template, "spec", "containers", 0, "ports", 0, "containerPort").(int)
	if told := at(t, template, "metadata", "annotations", "prometheus.io/port"); told != strconv.Itoa(port) {
		t.Errorf("Prometheus is told port %v, the container has %d", told, port)
	}
}

func TestKeyIsAFileAndNeverInTheEnvironment(t *testing.T) {
	container := at(t, documents(t)["Deployment"], "spec", "template", "spec", "containers", 0).(map[string]any)
	if container["envFrom"] != nil {
		t.Error("the environment comes from elsewhere")
	}
	for _, variable := range container["env"].([]any) {
		if name := variable.(map[string]any)["name"].(string); strings.Contains(name, "KEY") {
			t.Errorf("the environment has %s", name)
		}
	}
}

func TestUnitRestartsReloadsAndWaitsLongerThanTheDrain(t *testing.T) {
	unit, err := os.ReadFile("momento-bridge.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"Type=notify", "LoadCredential=api-key:", "DynamicUser=yes", "TimeoutStopSec=30s", "KillMode=mixed",
		"Restart=always", "WatchdogSec=30s", "StateDirectory=momento-bridge",
		"ExecReload=/usr/bin/momento-bridge reload -c /etc/momento-bridge/config.yaml",
	} {
		if !strings.Contains(string(unit), "\n"+line) {
			t.Errorf("the unit has no %s", line)
		}
	}
}

func TestConfigMapIsAValidConfiguration(t *testing.T) {
	text := at(t, documents(t)["ConfigMap"], "data", "config.yaml").(string)
	f := config.Read("config.yaml", []byte(text))
	f.Validate()
	if err := f.Err(); err != nil {
		t.Error(err)
	}
	pod := at(t, documents(t)["Deployment"], "spec", "template", "spec")
	mount := at(t, pod, "containers", 0, "volumeMounts", 1, "mountPath").(string)
	key := at(t, pod, "volumes", 1, "projected", "sources", 0, "secret", "items", 0)
	if want := mount + "/" + at(t, key, "path").(string); f.Momento.APIKeyFile != want {
		t.Errorf("the key is read from %s, the Secret is mounted at %s", f.Momento.APIKeyFile, want)
	}
	text = readFile(t, "kubernetes.yaml")
	command := "create secret generic momento-bridge --from-file=" + at(t, key, "key").(string) + "="
	if !strings.Contains(text, command) {
		t.Errorf("the manifest does not say how to make the Secret: %s", command)
	}
}

// A key in a manifest ends in a repository.
func TestManifestHasNoSecret(t *testing.T) {
	t.Parallel()
	if _, ok := documents(t)["Secret"]; ok {
		t.Error("there is a Secret")
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
