package examples

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The template is the unit with names of instances in it, and nothing else.
func TestTemplateOfInstancesIsTheUnit(t *testing.T) {
	t.Parallel()
	unit, err := os.ReadFile("../deploy/momento-bridge.service")
	must(t, err)
	template, err := os.ReadFile("systemd/momento-bridge@.service")
	must(t, err)
	body := func(text []byte) string {
		_, rest, _ := strings.Cut(string(text), "[Unit]\n")
		return rest
	}
	want := strings.NewReplacer(
		"to Momento Topics\n", "to Momento Topics (%i)\n",
		"/config.yaml", "/%i.yaml",
		"/etc/momento-bridge/api-key", "/etc/momento-bridge/%i.key",
		"/var/lib/momento-bridge,", "/var/lib/momento-bridge/%i,",
		"StateDirectory=momento-bridge\n", "StateDirectory=momento-bridge/%i\n",
	).Replace(body(unit))
	if got := body(template); got != want || want == "" {
		t.Errorf("momento-bridge@.service is\n%s\nand the unit with instances would be\n%s", got, want)
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
