package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// copied copies the files of the repository that may name the module, and all directories.
func copied(t *testing.T) (dir string, files map[string][]byte) {
	t.Helper()
	dir, files = t.TempDir(), map[string][]byte{}
	names, err := (&renamer{root: ".."}).files()
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(os.DirFS(".."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if d.Name() == ".git" || d.Name() == "node_modules" {
			return fs.SkipDir
		}
		return os.MkdirAll(filepath.Join(dir, name), 0o700)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = text
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, files
}

// test/builds builds it under the other path.
func TestWholeRepositoryIsRenamedAndBack(t *testing.T) {
	t.Parallel()
	dir, files := copied(t)
	there, err := rename(dir, elsewhere)
	if err != nil || there < 500 {
		t.Errorf("%d files changed, %v", there, err)
	}
	for name, text := range files {
		renamed, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		imported := []byte("\t\"momento-bridge/")
		if filepath.Dir(name) != "module" && bytes.Contains(renamed, imported) && bytes.Contains(text, imported) {
			t.Errorf("%s still imports the module by its old path", name)
		}
	}
	back, err := rename(dir, "momento-bridge")
	if err != nil || back != there {
		t.Errorf("%d files changed back of %d, %v", back, there, err)
	}
	for name, text := range files {
		if again, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(again, text) {
			t.Errorf("%s is not the same again: %v", name, err)
		}
	}
}
