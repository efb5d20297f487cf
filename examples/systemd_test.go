package examples

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the template of instances anew")

// The template is the unit with names of instances in it, and nothing else.
func TestTemplateOfInstancesIsTheUnit(t *testing.T) {
	t.Parallel()
	unit, err := os.ReadFile("../deploy/momento-bridge.service")
	must(t, err)
	template, err := os.ReadFile("systemd/momento-bridge@.service")
	must(t, err)
	_, body, _ := strings.Cut(string(unit), "[Unit]\n")
	want := strings.NewReplacer(
		"to Momento Topics\n", "to Momento Topics (%i)\n",
		"/config.yaml", "/%i.yaml",
		"/etc/momento-bridge/api-key", "/etc/momento-bridge/%i.key",
		"/var/lib/momento-bridge,", "/var/lib/momento-bridge/%i,",
		"StateDirectory=momento-bridge\n", "StateDirectory=momento-bridge/%i\n",
	).Replace(body)
	head, got, _ := strings.Cut(string(template), "[Unit]\n")
	if *update {
		must(t, os.WriteFile("systemd/momento-bridge@.service", []byte(head+"[Unit]\n"+want), 0o644))
		got = want
	}
	if got != want || strings.Count(want, "%i") < 5 {
		t.Errorf("momento-bridge@.service is not the unit with instances: run this test with -update")
	}
}

func TestDropInsChangeTheServiceAlone(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("systemd/*.conf")
	must(t, err)
	if len(files) < 4 {
		t.Fatalf("the drop-ins are %v", files)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "[") && line != "[Service]" {
				t.Errorf("%s has %s", file, line)
			}
		}
		if !strings.Contains(string(text), "\n[Service]\n") {
			t.Errorf("%s changes nothing of the service", file)
		}
	}
}
