package planted

import (
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// Fault is one mistake.
type Fault struct {
	Name string
	Kind string // What goes wrong, to stand in a table.
	Swap []Swap
	// Form names the form of the simulation that it is looked for with; empty: the brief one.
	Form string
}

// Swap is one change of a file.
type Swap struct {
	File string // From the root of the repository.
	Text string // It is there exactly once.
	With string
}

// All returns all faults.
func All() []Fault {
	var all []Fault
	for _, some := range [][]Fault{ofPipeline, ofGates, ofSource, ofSink, ofReplicas} {
		all = append(all, some...)
	}
	return all
}

// Files returns the files that the fault changes, as they are with it, by their names from the root of the repository.
func (f *Fault) Files(root string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, s := range f.Swap {
		source, known := files[s.File]
		if !known {
			var err error
			if source, err = os.ReadFile(filepath.Join(root, filepath.FromSlash(s.File))); err != nil {
				return nil, fmt.Errorf("fault %s: %w", f.Name, err)
			}
		}
		if n := strings.Count(string(source), s.Text); n != 1 {
			return nil, fmt.Errorf("fault %s: its text is %d times in %s, not once: make it fit the file again", f.Name,
				n, s.File)
		}
		files[s.File] = []byte(strings.Replace(string(source), s.Text, s.With, 1))
	}
	for name, source := range files {
		if _, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution); err != nil {
			return nil, fmt.Errorf("fault %s leaves what is no Go: %w", f.Name, err)
		}
	}
	return files, nil
}

// Overlay writes the changed files and what `go build -overlay` reads into a directory, and returns the name of the
// latter.
func (f *Fault) Overlay(root, dir string) (string, error) {
	files, err := f.Files(root)
	if err != nil {
		return "", err
	}
	var overlay struct{ Replace map[string]string }
	overlay.Replace = map[string]string{}
	for name, source := range files {
		path := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(path, source, 0o600); err != nil {
			return "", fmt.Errorf("write a changed file: %w", err)
		}
		overlay.Replace[filepath.Join(root, filepath.FromSlash(name))] = path
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	return path, nil
}
