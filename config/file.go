package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"momento-bridge/excerpt"
	"momento-bridge/printable"
)

// File is a configuration together with where each value stands, so that problems found later have a place too.
type File struct {
	Config
	name     string
	at       map[string]position // By path, such as routes[0].topic.
	origin   map[string]string   // Paths that a flag or a variable has set, and its name.
	broken   map[string]bool     // Paths of which nothing should be concluded: their value could not be read.
	problems []problem
	outdated []problem // What still works, and will not for ever.
	noted    map[problem]bool
}

// position is a place in the file; lines and columns count from 1.
type position struct{ line, column int }

type problem struct {
	at     position
	origin string // A flag or a variable instead of a place.
	text   string
}

// Problemf notes a problem with the value at path. Its place is that value, or the nearest key around it that is in the
// file. A value that could not be read already has its problem and gets no second one.
func (f *File) Problemf(path, format string, args ...any) {
	if f.broken[path] {
		return
	}
	f.add(f.place(path, fmt.Sprintf(format, args...)))
}

// place finds where a problem with the value at path is shown.
func (f *File) place(path, text string) problem {
	for at := path; ; at = parent(at) {
		if origin, ok := f.origin[at]; ok {
			return problem{origin: origin, text: text}
		}
		if pos, ok := f.at[at]; ok {
			return problem{at: pos, text: text}
		}
		if at == "" {
			return problem{at: position{1, 1}, text: text}
		}
	}
}

// add notes a problem once. Whatever of the file it quotes may be a key in the wrong place.
func (f *File) add(p problem) {
	p.text = printable.Lines(excerpt.WithoutSecrets(p.text))
	if f.noted[p] {
		return
	}
	f.noted[p] = true
	f.problems = append(f.problems, p)
}

// Name is the file's name; empty where the configuration is made of flags.
func (f *File) Name() string { return f.name }

// Origin says that the value at path came from a flag or a variable, so that problems name that instead of a place.
func (f *File) Origin(path, name string) { f.origin[path] = name }

// Broken reports whether the value at path could not be read or is wrong by itself, so that nothing should be concluded
// from it.
func (f *File) Broken(path string) bool { return f.broken[path] }

// fail notes a problem with the value at path and that nothing should be concluded from it.
func (f *File) fail(path, format string, args ...any) {
	f.Problemf(path, format, args...)
	f.broken[path] = true
}

// Has reports whether the file, a flag or a variable sets the value at path.
func (f *File) Has(path string) bool {
	_, inFile := f.at[path]
	_, set := f.origin[path]
	return inFile || set
}

// Err returns nil, or all problems, each with its place.
func (f *File) Err() error {
	if len(f.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(f.problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.origin, b.origin), cmp.Compare(a.at.line, b.at.line),
			cmp.Compare(a.at.column, b.at.column))
	})
	lines := make([]string, len(f.problems))
	for i, p := range f.problems {
		lines[i] = f.line(p)
	}
	return &InvalidError{lines}
}

func (f *File) line(p problem) string {
	switch {
	case p.origin != "":
		return p.origin + ": " + p.text
	case f.name == "":
		return p.text
	}
	return fmt.Sprintf("%s:%d:%d: %s", f.name, p.at.line, p.at.column, p.text)
}

// InvalidError lists the problems of a configuration, each on a line of its own.
type InvalidError struct{ Problems []string }

func (e *InvalidError) Error() string { return strings.Join(e.Problems, "\n") }

// parent returns the path around a path: routes[0].topic, routes[0], routes, and the empty path of the whole file.
func parent(path string) string {
	if i := strings.LastIndexAny(path, ".["); i > 0 {
		return path[:i]
	}
	return ""
}
