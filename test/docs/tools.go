package docs

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// Tools are the real programs that sessions have beside those of the machine, by name.
var Tools map[string]string

// FindTools finds go, and for the long form builds the programs that tools/docs pins. The error says which cannot be
// had: those are played.
func FindTools(long bool) (map[string]string, error) {
	tools := map[string]string{}
	var wrong []string
	if path, err := exec.LookPath("go"); err == nil {
		tools["go"] = path
	}
	if !long {
		return tools, nil
	}
	for _, name := range []string{"nats", "helm"} {
		cmd := exec.Command("go", "tool", "-n", name)
		cmd.Dir = "../../tools/docs"
		if path, err := cmd.Output(); err == nil {
			tools[name] = strings.TrimSpace(string(path))
		} else {
			wrong = append(wrong, name)
		}
	}
	if len(wrong) > 0 {
		return tools, fmt.Errorf("cannot be had, and are played: %s", strings.Join(wrong, ", "))
	}
	return tools, nil
}

// machineEnvironment is what go needs of the machine's environment.
func machineEnvironment() (env []string) {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "GO") || slices.Contains([]string{
			"PATH", "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
			"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE",
		}, name) {
			env = append(env, variable)
		}
	}
	return env
}
