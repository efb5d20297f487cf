// Package made makes what is made of the chart and what the chart has from elsewhere: its schema, its copies of the
// alerts and the dashboard, the plain manifests, and the table of values in the documentation.
package made

import (
	"os"
	"os/exec"
	"path/filepath"

	"momento-bridge/test/helm/render"
)

const schemaFile = render.Chart + "/values.schema.json"

// Files are the texts of the files that are made, by their paths below the top of the repository.
func Files(top string) (map[string]string, error) {
	m := maker{top: top, files: map[string]string{}}
	for _, name := range []string{"alerts.yaml", "dashboard.json"} {
		m.files[render.Chart+"/files/"+name] = string(m.read("grafana/" + name))
	}
	values := m.read(render.Chart + "/values.yaml")
	m.add(schemaFile, func() (string, error) { return schema(values, m.configSchema()) })
	page := string(m.read("docs/kubernetes.md"))
	m.add("docs/kubernetes.md", func() (string, error) { return withTable(page, values) })
	for name, plain := range plains {
		m.add("deploy/"+name, func() (string, error) { return plain.text(top, m.files[schemaFile]) })
	}
	return m.files, m.err
}

// Write writes the files that are made.
func Write(top string) error {
	files, err := Files(top)
	for path, text := range files {
		if err == nil {
			err = os.WriteFile(filepath.Join(top, path), []byte(text), 0o644) //nolint:gosec // They are for everybody.
		}
	}
	return err
}

// maker keeps the first error.
type maker struct {
	top   string
	files map[string]string
	err   error
}

func (m *maker) add(path string, text func() (string, error)) {
	if m.err == nil {
		m.files[path], m.err = text()
	}
}

func (m *maker) read(path string) []byte {
	text, err := os.ReadFile(filepath.Join(m.top, path))
	m.fail(err)
	return text
}

// configSchema asks the program, which knows Momento's regions.
func (m *maker) configSchema() []byte {
	command := exec.Command("go", "run", "./cmd/momento-bridge", "config", "schema")
	command.Dir, command.Stderr = m.top, os.Stderr
	text, err := command.Output()
	m.fail(err)
	return text
}

func (m *maker) fail(err error) {
	if m.err == nil {
		m.err = err
	}
}
