package helm

import (
	"os"
	"path/filepath"
	"testing"

	"momento-bridge/test/helm/made"
)

// The schema, the copies of the alerts and the dashboard, the plain manifests and the table of values are made of other
// files. Who changes those makes them again.
func TestWhatIsMadeOfTheChartIsAsTheChartIs(t *testing.T) {
	t.Parallel()
	files, err := made.Files(top)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range files {
		got, err := os.ReadFile(filepath.Join(top, path))
		if err != nil {
			t.Error(err)
		} else if string(got) != want {
			t.Errorf("%s is not as it would be made now: go -C test/helm run ./generate", path)
		}
	}
	if len(files) != 7 {
		t.Errorf("%d files, want the schema, two copies, three manifests and a page", len(files))
	}
}
