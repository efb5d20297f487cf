package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const elsewhere = "example.com/you/momento-bridge"

func TestOnlyTheModuleIsRenamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, sub := range []string{"sink", "cmd/momento-bridge", "docs", "test/browser", ".ci"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	// What is in brackets is the module.
	files := map[string]string{
		"go.mod":              "module [momento-bridge]\n\ngo 1.26.0\n",
		"test/browser/go.mod": "module [momento-bridge]/test/browser\n\nreplace [momento-bridge] => ../..\n",
		"sink/sink.go": "// Package sink is for [momento-bridge]/sink, not for momento-bridge.\npackage sink\n\n" +
			"import _ \"[momento-bridge]/cmd/momento-bridge\"\n\nconst agent, file = \"momento-bridge/v1.2.3\", " +
			"\"/etc/momento-bridge/sink\"\n\nconst  program = \"momento-bridge\" // Not as gofmt has it.\n",
		".golangci.yml": "files: [\"**/cmd/momento-bridge/*.go\"]\n" +
			"deny: [{ pkg: [momento-bridge], desc: momento-bridge. }]\n" +
			"allow: [[momento-bridge]/sink, [momento-bridge]/test]\n",
		"docs/batch-formats.md": "Run momento-bridge after `go mod edit -require [momento-bridge]@v0.0.0` in `momento-bridge`;\n" +
			"see [momento-bridge]/docs, not momento-bridge/elsewhere.\n",
		"docs/operations.md": "`momento-bridge/sink`\n",
		".ci/other.go":       "package momento-bridge/sink\n",
	}
	plain := strings.NewReplacer("[momento-bridge]", "momento-bridge")
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want *strings.Replacer) {
		t.Helper()
		for name, text := range files {
			got, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil || string(got) != want.Replace(text) {
				t.Errorf("%s: %v, is now\n%s\nwant\n%s", name, err, got, want.Replace(text))
			}
		}
	}
	for name, text := range files {
		write(name, plain.Replace(text))
	}
	if changed, err := rename(dir, elsewhere); err != nil || changed != 5 {
		t.Errorf("%d files, %v", changed, err)
	}
	expect(strings.NewReplacer("[momento-bridge]", elsewhere))
	if _, err := rename(dir, "momento-bridge"); err != nil {
		t.Error(err)
	}
	expect(plain)
}

func TestRequirementsAndImportsStaySorted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	texts := map[string][2]string{
		"go.mod": {
			"module m\n\nrequire (\n\tc.example/c v1.0.0\n\tm v0.0.0\n)\n",
			"module a.example/a\n\nrequire (\n\ta.example/a v0.0.0\n\tc.example/c v1.0.0\n)\n",
		},
		"a.go": {
			"package a\n\nimport (\n\t_ \"c.example/c\"\n\t_ \"m/sub\"\n)\n",
			"package a\n\nimport (\n\t_ \"a.example/a/sub\"\n\t_ \"c.example/c\"\n)\n",
		},
	}
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text[0]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, to := range []string{"m", "a.example/a", "m"} {
		if _, err := rename(dir, to); err != nil {
			t.Fatal(err)
		}
		for name, text := range texts {
			if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != text[i%2] {
				t.Errorf("%s as %s: %v\n%s", name, to, err, got)
			}
		}
	}
}

func TestWrongModulePathsAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module m\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "sink"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"", " ", "https://example.com/you", "/m", "m/", "example.com/a b", "m/../n", "m\nn", ".",
		"fmt", "net/http", "sink", "sink/x",
	} {
		if changed, err := rename(dir, path); err == nil || changed != 0 {
			t.Errorf("%q: %d files changed, %v", path, changed, err)
		}
	}
}
