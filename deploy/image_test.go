package deploy

import (
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// lastStage returns the instructions of what the image is made of, by their names, and those of the stage before it.
func lastStage(t *testing.T) (image, build map[string][]string) {
	t.Helper()
	text, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case name == "" || strings.HasPrefix(name, "#"):
			continue
		case name == "FROM":
			image, build = map[string][]string{}, image
		}
		if image != nil {
			image[name] = append(image[name], strings.Join(strings.Fields(rest), " "))
		}
	}
	return image, build
}

// `kubectl exec … momento-bridge status -c config.yaml` runs in the image's directory, by its PATH, without a shell.
func TestCommandsOfTheRunbookAreFoundInTheImage(t *testing.T) {
	t.Parallel()
	image, build := lastStage(t)
	has := func(stage map[string][]string, instruction, words string) {
		t.Helper()
		if !slices.ContainsFunc(stage[instruction], func(text string) bool { return strings.Contains(text, words) }) {
			t.Errorf("%s has no %q: %q", instruction, words, stage[instruction])
		}
	}
	const binary = "/usr/local/bin/momento-bridge"
	has(image, "FROM", "scratch")
	has(image, "COPY", "--from=build /image/ /")
	has(build, "RUN", "-o /image"+binary+" ./cmd/momento-bridge")
	has(build, "RUN", "chmod 1777 /image/tmp")
	has(image, "ENV", "PATH="+path.Dir(binary))
	has(image, "ENTRYPOINT", `["`+binary+`"]`)
	has(image, "HEALTHCHECK", `["`+binary+`", "status", "--live", "-c", "config.yaml"]`)
	has(image, "USER", "65532:65532")
	has(image, "WORKDIR", "/etc/momento-bridge")
	has(image, "CMD", image["WORKDIR"][0]+"/config.yaml")
	for _, label := range []string{"title", "description", "licenses", "version", "revision"} {
		has(image, "LABEL", "org.opencontainers.image."+label+"=")
	}
	container := at(t, documents(t)["Deployment"], "spec", "template", "spec", "containers", 0)
	if args := at(t, container, "args").([]any); args[0] != "run" || args[2] != image["WORKDIR"][0]+"/config.yaml" {
		t.Errorf("the deployment runs %v, and commands look for a configuration in %s", args, image["WORKDIR"])
	}
}
