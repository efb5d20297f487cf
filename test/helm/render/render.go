// Package render renders the chart with Helm's library, as helm template does, without a cluster.
package render

import (
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/yaml"
)

// Chart is where the chart is, below the top of the repository.
const Chart = "deploy/helm/momento-bridge"

// Release is what is rendered: a name, a namespace and values in YAML.
type Release struct{ Name, Namespace, Values string }

// Rendered is what a chart becomes.
type Rendered struct {
	Manifests []Manifest // In the order of their files' names.
	Notes     string     // What people read after they have installed it.
}

// Manifest is what one template has become, without empty ones.
type Manifest struct{ File, Text string }

// Load reads the chart. The caller may change what is returned.
func Load(top string) (*chart.Chart, error) { return loader.Load(path.Join(top, Chart)) }

// Values reads values as Helm reads a file of them.
func Values(text string) (map[string]any, error) { return loader.LoadValues(strings.NewReader(text)) }

// Render checks the values against the schema, and renders. What the chart refuses is an error.
func Render(c *chart.Chart, r Release) (Rendered, error) {
	values, err := Values(r.Values)
	if err != nil {
		return Rendered{}, err
	}
	return WithValues(c, r, values)
}

// WithValues is Render with values that are read already.
func WithValues(c *chart.Chart, r Release, values map[string]any) (Rendered, error) {
	options := common.ReleaseOptions{Name: r.Name, Namespace: r.Namespace, Revision: 1, IsInstall: true}
	all, err := util.ToRenderValues(c, values, options, common.DefaultCapabilities)
	if err != nil {
		return Rendered{}, err
	}
	files, err := engine.Render(c, all)
	if err != nil {
		return Rendered{}, err
	}
	var out Rendered
	for file, text := range files {
		switch name := path.Base(file); {
		case name == "NOTES.txt":
			out.Notes = text
		case strings.TrimSpace(text) != "":
			out.Manifests = append(out.Manifests, Manifest{name, strings.TrimSpace(text) + "\n"})
		}
	}
	slices.SortFunc(out.Manifests, func(a, b Manifest) int { return strings.Compare(a.File, b.File) })
	return out, nil
}

// Text is all manifests, as helm template prints them.
func (r Rendered) Text() string {
	var b strings.Builder
	for _, m := range r.Manifests {
		b.WriteString("---\n" + m.Text)
	}
	return b.String()
}

// Object is the fields of a manifest.
func (m Manifest) Object() (map[string]any, error) {
	var object map[string]any
	err := yaml.UnmarshalStrict([]byte(m.Text), &object)
	return object, err
}
