package deploy

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// lastStage returns the instructions of what the image is made of, by their names. What they do is tried in test/image.
func lastStage(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var stage map[string]string
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == "FROM" {
			stage = map[string]string{}
		}
		if stage != nil {
			stage[name] = strings.Join(strings.Fields(rest), " ")
		}
	}
	return stage
}

// `kubectl exec ... momento-bridge status -c config.yaml` finds the configuration that the deployment runs with.
func TestTheDeploymentRunsTheConfigurationThatCommandsInTheImageFind(t *testing.T) {
	t.Parallel()
	stage := lastStage(t)
	if !strings.Contains(stage["HEALTHCHECK"], `"-c", "config.yaml"`) ||
		!strings.Contains(stage["CMD"], stage["WORKDIR"]+"/config.yaml") {
		t.Errorf("the image runs %s in %s, and checks with %s", stage["CMD"], stage["WORKDIR"], stage["HEALTHCHECK"])
	}
	container := at(t, documents(t)["Deployment"], "spec", "template", "spec", "containers", 0)
	if args := at(t, container, "args").([]any); args[0] != "run" || args[2] != stage["WORKDIR"]+"/config.yaml" {
		t.Errorf("the deployment runs %v, and commands look for a configuration in %s", args, stage["WORKDIR"])
	}
}

// .dockerignore names what the build gets. A package that is missing there is missing in the build.
func TestTheBuildOfTheImageGetsWhatItReadsAndNothingElse(t *testing.T) {
	t.Parallel()
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f",
		`{{with .Module}}{{if .Main}}{{slice $.Dir (len .Dir)}}{{end}}{{end}}`, "./cmd/momento-bridge")
	list.Dir = ".."
	directories, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{".ci/licenses", "LICENSE", "go.mod", "go.sum"}
	for path := range strings.FieldsSeq(string(directories)) {
		path = strings.TrimPrefix(path, "/")
		if top, _, _ := strings.Cut(path, "/"); top != "examples" { // Keys may lie beside an example.
			path = top
		}
		want = append(want, path)
	}
	slices.Sort(want)
	text, err := os.ReadFile("../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(text)) {
		if name, included := strings.CutPrefix(strings.TrimSpace(line), "!"); included {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	if want = slices.Compact(want); !slices.Equal(got, want) || !strings.Contains(string(text), "\n*\n") {
		t.Errorf(".dockerignore lets in\n%q, and the program needs\n%q", got, want)
	}
}
