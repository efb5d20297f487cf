package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/build"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// renamer gives the module in root another path.
type renamer struct{ root, from, to string }

// pages are the Markdown files that say how the module is required.
var pages = []string{"docs/batch-formats.md"}

// checkPath refuses what the go command would.
func checkPath(path string) error {
	ok := regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._~-]*(/[a-zA-Z0-9_~][a-zA-Z0-9._~-]*)*$`).MatchString(path)
	if !ok || strings.HasSuffix(path, ".") {
		return fmt.Errorf("%q is no module path: write one such as example.com/you/momento-bridge", path)
	}
	return nil
}

// checkFirst refuses a path whose first part is a package of Go's or a directory of the module's: imports of that would
// be taken for the module's.
func checkFirst(root, path string) error {
	first, _, _ := strings.Cut(path, "/")
	for _, in := range []string{root, filepath.Join(build.Default.GOROOT, "src")} {
		if at, err := os.Stat(filepath.Join(in, first)); err == nil && at.IsDir() {
			return fmt.Errorf("%q is a directory of %s: write a path such as example.com/you/momento-bridge", first, in)
		}
	}
	return nil
}

// pathOf is the path in a go.mod.
func pathOf(text []byte) (string, error) {
	found := regexp.MustCompile(`(?m)^module (\S+)$`).FindSubmatch(text)
	if found == nil {
		return "", errors.New("go.mod has no line with module")
	}
	return string(found[1]), nil
}

// files are those that may name the module, relative to the root. Directories that Go does not look into are left out.
func (r *renamer) files() (files []string, err error) {
	err = filepath.WalkDir(r.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(r.root, path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules"):
			return filepath.SkipDir
		case d.Type().IsRegular() && (filepath.Ext(name) == ".go" || filepath.Base(name) == "go.mod" ||
			name == ".golangci.yml" || slices.Contains(pages, filepath.ToSlash(name))):
			files = append(files, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for files that name the module: %w", err)
	}
	return files, nil
}

// rewrite changes one file, and reports whether there was anything to change.
func (r *renamer) rewrite(name string) (bool, error) {
	path := filepath.Join(r.root, name)
	text, err := os.ReadFile(path)
	if err != nil {
		return false, fmt.Errorf("read what names the module: %w", err)
	}
	changed := r.text(name, text)
	if bytes.Equal(text, changed) {
		return false, nil
	}
	if filepath.Ext(name) == ".go" {
		if changed, err = reformat(text, changed); err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
	}
	if filepath.Base(name) == "go.mod" {
		changed = sortRequires(changed)
	}
	if err := os.WriteFile(path, changed, 0o644); err != nil {
		return false, fmt.Errorf("write what names the module: %w", err)
	}
	return true, nil
}

// reformat formats a changed Go file, as the order of imports follows their paths, if it was formatted before.
func reformat(before, changed []byte) ([]byte, error) {
	formatted, err := format.Source(before)
	if err != nil || !bytes.Equal(formatted, before) {
		return changed, err
	}
	return format.Source(changed)
}

// text is that of a file with the other path.
func (r *renamer) text(name string, text []byte) []byte {
	alone := " @,\n" // What may follow the bare path.
	switch filepath.Ext(name) {
	case ".go":
		alone = "" // It is the program's name, too,
	case ".md":
		alone = "@" // as here, where no version follows.
	}
	var out []byte
	for rest := text; ; {
		i := bytes.Index(rest, []byte(r.from))
		if i < 0 {
			return append(out, rest...)
		}
		done, after := len(text)-len(rest)+i, rest[i+len(r.from):]
		out = append(out, rest[:i]...)
		if startsPath(text[:done]) && r.names(after, alone) {
			out = append(out, r.to...)
		} else {
			out = append(out, r.from...)
		}
		rest = after
	}
}

// startsPath reports whether a path may start after a text.
func startsPath(before []byte) bool {
	return len(before) == 0 || bytes.IndexByte([]byte(" \t\n\"`[("), before[len(before)-1]) >= 0
}

// names reports whether the path is that of the module, by what follows it: the path of a package that is there, or one
// of the characters that may follow the bare path.
func (r *renamer) names(after []byte, alone string) bool {
	if len(after) == 0 || after[0] != '/' {
		return len(after) > 0 && strings.IndexByte(alone, after[0]) >= 0
	}
	sub := regexp.MustCompile(`^(/[a-zA-Z0-9_-]+)+`).Find(after)
	if sub == nil {
		return false
	}
	at, err := os.Stat(filepath.Join(r.root, filepath.FromSlash(string(sub))))
	return err == nil && at.IsDir()
}

// sortRequires puts the lines of each block of requirements into order, as go mod tidy does.
func sortRequires(text []byte) []byte {
	return regexp.MustCompile(`(?s)require \(\n.*?\n\)`).ReplaceAllFunc(text, func(block []byte) []byte {
		lines := strings.Split(string(block), "\n")
		slices.Sort(lines[1 : len(lines)-1])
		return []byte(strings.Join(lines, "\n"))
	})
}
