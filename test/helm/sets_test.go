package helm

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	chart "helm.sh/helm/v4/pkg/chart/v2"

	"momento-bridge/test/helm/render"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// top is the repository.
const top = "../.."

// set is a file of values, for a release whose name it says.
type set struct {
	name    string
	release render.Release
}

// theChart is read once; nobody changes it.
var theChart = sync.OnceValues(func() (*chart.Chart, error) { return render.Load(top) })

func loaded(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := theChart()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sets are the files of values in testdata and among the examples.
func sets(t *testing.T) []set {
	t.Helper()
	var all []set
	named := regexp.MustCompile(`(?m)^# +(?:release:|helm install) (\S+) (?:in|\S+ -n) (\S+)`)
	for _, pattern := range []string{"testdata/*.yaml", top + "/examples/kubernetes/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			one := set{strings.TrimSuffix(filepath.Base(file), ".yaml"), render.Release{Values: string(text)}}
			said := named.FindStringSubmatch(string(text))
			if said == nil {
				t.Fatalf("%s does not say of which release it is", file)
			}
			one.release.Name, one.release.Namespace = said[1], said[2]
			all = append(all, one)
		}
	}
	return all
}

// rendered renders a release, which must succeed.
func rendered(t *testing.T, r render.Release) render.Rendered {
	t.Helper()
	out, err := render.Render(loaded(t), r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestValueSetsRenderAsRecorded shows what the chart makes of each set. The texts of the alerts and of the dashboard
// are left out: another test compares them with where they come from.
func TestValueSetsRenderAsRecorded(t *testing.T) {
	t.Parallel()
	all := sets(t)
	if len(all) < 20 {
		t.Errorf("%d sets of values, want 20 or more", len(all))
	}
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			out := rendered(t, s.release)
			got := abbreviated(out.Text()) + "--- NOTES\n" + out.Notes
			file := filepath.Join("testdata", s.name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil { //nolint:gosec // It is for everybody.
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("not as recorded; go test ./... -run Recorded -update, and read the difference:\n%s", got)
			}
			if again := rendered(t, s.release).Text(); again != out.Text() {
				t.Error("rendered once more it is something else")
			}
		})
	}
}

// abbreviated replaces the long texts of files.
func abbreviated(text string) string {
	for begin, end := range map[string]string{"  momento-bridge.json: |\n": "---\n", "  groups:\n": "---\n"} {
		before, rest, ok := strings.Cut(text, begin)
		if !ok {
			continue
		}
		_, after, more := strings.Cut(rest, end)
		text = before + begin + "    ...\n"
		if more {
			text += end + after
		}
	}
	return text
}
