package release

import (
	"bytes"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/CycloneDX/cyclonedx-go"
)

func billOf(t *testing.T, name string) *cyclonedx.BOM {
	t.Helper()
	var bill cyclonedx.BOM
	decoder := json.NewDecoder(bytes.NewReader(read(t, filepath.Join(made, name+".tar.gz.cdx.json"))))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&bill); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return &bill
}

func TestABillOfMaterialsListsTheModulesOfTheProgram(t *testing.T) {
	for _, a := range archives {
		name := archiveName(a.name, a.goos, a.goarch)
		info := infoOf(t, archive(t, name)["momento-bridge"].data)
		want := map[string]string{"std": strings.TrimPrefix(info.GoVersion, "go")}
		for _, m := range info.Deps {
			want[m.Path] = m.Version
		}
		got := map[string]string{}
		bill := billOf(t, name)
		for _, c := range *bill.Components {
			got[c.Name] = c.Version
			purl := "pkg:golang/" + strings.ToLower(c.Name) + "@" + c.Version + "?type=module"
			if c.PackageURL != purl || c.BOMRef != purl || c.Type != cyclonedx.ComponentTypeLibrary {
				t.Errorf("%s: %s %s is told as %s %s", name, c.Name, c.Version, c.Type, c.PackageURL)
			}
		}
		if len(*bill.Components) != len(got) || !maps.Equal(got, want) {
			t.Errorf("%s: the bill lists\n%q\nthe program is made of\n%q", name,
				slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
	}
}

func TestABillOfMaterialsNamesItsProgram(t *testing.T) {
	for _, a := range archives {
		name := archiveName(a.name, a.goos, a.goarch)
		bill := billOf(t, name)
		main := bill.Metadata.Component
		if bill.BOMFormat != "CycloneDX" || bill.SpecVersion != cyclonedx.SpecVersion1_6 || bill.Version != 1 {
			t.Errorf("%s: it is %s %s, version %d", name, bill.BOMFormat, bill.SpecVersion, bill.Version)
		}
		if main.Name != "momento-bridge" || main.Version != "v"+version {
			t.Errorf("%s: it is of %s %s", name, main.Name, main.Version)
		}
		if got := (*main.Hashes)[0].Value; got != digest(archive(t, name)["momento-bridge"].data) {
			t.Errorf("%s: it is of another program, with SHA-256 %s", name, got)
		}
		if want := committed.Format("2006-01-02T15:04:05Z"); bill.Metadata.Timestamp != want {
			t.Errorf("%s: it is of %s, the commit of %s", name, bill.Metadata.Timestamp, want)
		}
	}
}

// Their licences ask for it.
func TestALicenseGoesAlongForEachModule(t *testing.T) {
	for _, a := range archives {
		name := archiveName(a.name, a.goos, a.goarch)
		files := archive(t, name)
		licenses := string(files["THIRD-PARTY-LICENSES"].data)
		for _, m := range infoOf(t, files["momento-bridge"].data).Deps {
			heading := "\n==== " + m.Path + " " + m.Version + "/LICENSE"
			_, text, found := strings.Cut(licenses, heading)
			if text, _, _ = strings.Cut(text, "\n==== "); !found || len(text) < 500 {
				t.Errorf("%s: there is no license of %s %s", name, m.Path, m.Version)
			}
		}
	}
}
