package grafana

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"momento-bridge/test/lab"
)

var (
	exporting     sync.Mutex // Guards exportedNames.
	exportedNames map[string]bool
)

// exported are the names of the program's own metrics, as a daemon exports them that has neither NATS nor an endpoint
// yet: all are there from the start.
func exported(t *testing.T) map[string]bool {
	t.Helper()
	exporting.Lock()
	defer exporting.Unlock()
	if exportedNames != nil {
		return exportedNames
	}
	key, err := rig.Write("key", "a-key")
	must(t, err)
	d := newDaemon(t, fmt.Sprintf(`nats: {url: "nats://%s"}
momento: {endpoint: "http://%s", api_key_file: %q}
routes:
  - {name: s, stream: S, subject: "s.>", cache: c}
  - {name: core, subject: "core.>", cache: c}
`, lab.FreeAddress(), lab.FreeAddress(), key))
	d.start()
	names := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) `).FindAllStringSubmatch(string(d.Metrics()), -1) {
		names[m[1]] = true
	}
	if len(names) < 60 {
		t.Fatalf("only %d metrics are exported", len(names))
	}
	exportedNames = names
	return names
}

var (
	ownMetric  = regexp.MustCompile(`\bmomento_bridge_[a-z0-9_]+\b`)
	anyMetric  = regexp.MustCompile(`\b(?:momento_bridge|go|process)_[a-z0-9_]+(?:\{|\[|\b)`)
	ofAFamily  = regexp.MustCompile(`_(bucket|sum|count)$`)
	notAMetric = []string{"go_version", "momento_bridge_backlog"} // A label; what the adapter makes: deploy/hpa.yaml.
)

// family is the metric that a series belongs to.
func family(names map[string]bool, series string) string {
	series = strings.TrimRight(series, "{[")
	if !names[series] {
		return ofAFamily.ReplaceAllString(series, "")
	}
	return series
}

// Every metric that the dashboard, the alerts, their tests and the documents name is exported by the program.
func TestEveryMetricNamedIsExported(t *testing.T) {
	t.Parallel()
	names := exported(t)
	files := []string{"dashboard.json", "alerts.yaml", "alerts_test.yaml", "README.md", "../README.md"}
	documents, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, documents...) {
		pattern := ownMetric
		if file == "dashboard.json" || file == "alerts.yaml" {
			pattern = anyMetric
		}
		for _, series := range pattern.FindAllString(read(t, file), -1) {
			if name := family(names, series); !names[name] && !slices.Contains(notAMetric, series) {
				t.Errorf("%s names %s, which the program does not export", file, series)
			}
		}
	}
}

// Every metric that the program exports is on the dashboard, so that an operator can see it, and in docs/metrics.md.
func TestEveryExportedMetricIsShownAndDocumented(t *testing.T) {
	t.Parallel()
	names := exported(t)
	shown := map[string]bool{}
	for _, series := range ownMetric.FindAllString(read(t, "dashboard.json"), -1) {
		shown[family(names, series)] = true
	}
	documented := read(t, "../docs/metrics.md")
	for _, name := range slices.Sorted(maps.Keys(names)) {
		short, own := strings.CutPrefix(name, "momento_bridge_")
		if !own {
			continue
		}
		if !shown[name] {
			t.Errorf("%s is on no panel", name)
		}
		if !strings.Contains(documented, "`"+short+"`") {
			t.Errorf("docs/metrics.md does not list %s", name)
		}
	}
}
