package made

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"momento-bridge/test/helm/render"
)

//go:embed plain
var plainFiles embed.FS

// plain is a manifest for those who have no Helm.
type plain struct {
	values    string   // File with the values, in plain.
	head      string   // File that comes before, in plain.
	manifests []string // The templates whose results are in it, in that order.
}

// plains are the manifests by their names in deploy.
var plains = map[string]plain{
	"kubernetes.yaml": {"kubernetes.yaml", "kubernetes.head", []string{
		"configmap.yaml", "deployment.yaml", "poddisruptionbudget.yaml", "networkpolicy.yaml",
	}},
	"keda.yaml": {"keda.yaml", "keda.head", []string{"keda.yaml"}},
	"hpa.yaml":  {"hpa.yaml", "hpa.head", []string{"hpa.yaml"}},
}

// text renders the manifest as the release momento-bridge, without what only Helm looks at.
func (p plain) text(top, schema string) (string, error) {
	values, err := plainFiles.ReadFile("plain/" + p.values)
	if err != nil {
		return "", err
	}
	head, err := plainFiles.ReadFile("plain/" + p.head)
	if err != nil {
		return "", err
	}
	c, err := render.Load(top)
	if err != nil {
		return "", err
	}
	c.Schema = []byte(schema) // The one on disk may be older than the chart.
	out, err := render.Render(c, render.Release{Name: "momento-bridge", Namespace: "default", Values: string(values)})
	if err != nil {
		return "", err
	}
	query, err := os.ReadFile(filepath.Join(top, render.Chart, "files/backlog.promql"))
	if err != nil {
		return "", err
	}
	texts := []string{}
	for _, name := range p.manifests {
		i := slices.IndexFunc(out.Manifests, func(m render.Manifest) bool { return m.File == name })
		if i < 0 {
			return "", fmt.Errorf("%s is not rendered", name)
		}
		texts = append(texts, withoutHelm(out.Manifests[i].Text))
	}
	job := strings.ReplaceAll(string(query), "JOB", "momento-bridge")
	before := strings.ReplaceAll(string(head), "          QUERY\n", indent(job, 10))
	return before + strings.Join(texts, "---\n"), nil
}

// withoutHelm leaves out what tells of Helm and of the chart's version.
func withoutHelm(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		switch label, _, _ := strings.Cut(strings.TrimSpace(line), ":"); label {
		case "helm.sh/chart", "app.kubernetes.io/managed-by", "app.kubernetes.io/version",
			"checksum/config": // Who changes the text by hand would have to change it, too.
		default:
			b.WriteString(line)
		}
	}
	return b.String()
}

func indent(text string, columns int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.Repeat(" ", columns) + line)
	}
	return b.String()
}
