package release

import (
	"path/filepath"
	"strings"
	"testing"
)

// chartName is the file of the chart, as helm package names it.
const chartName = "momento-bridge-" + version + ".tgz"

func TestTheChartIsTheCommitsWithTheVersionOfTheRelease(t *testing.T) {
	const folder = "deploy/helm/momento-bridge/"
	files := untar(t, read(t, filepath.Join(made, chartName)))
	n := 0
	listed := mustOutput(t, repository, "git", "ls-tree", "-r", "--name-only", revision, folder)
	for path := range strings.FieldsSeq(listed) {
		name := strings.TrimPrefix(path, folder)
		if name == ".helmignore" {
			n++
			continue
		}
		f, found := files["momento-bridge/"+name]
		if !found || !f.time.Equal(committed) {
			t.Errorf("%s: in the chart: %t, of %s, the commit of %s", name, found, f.time, committed)
		}
		if name != "Chart.yaml" && string(f.data) != source(t, path) {
			t.Errorf("%s is not the commit's", name)
		}
		n++
	}
	if n < 20 || len(files) > n {
		t.Errorf("the chart has %d files, its folder %d", len(files), n)
	}
	for _, line := range []string{"name: momento-bridge", "version: " + version, "appVersion: v" + version} {
		if text := string(files["momento-bridge/Chart.yaml"].data); !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("Chart.yaml does not say %s\n%s", line, text)
		}
	}
}
