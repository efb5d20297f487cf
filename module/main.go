// Command module gives the program's module another path: go.mod and those of the nested modules, imports and other
// mentions of packages in Go files, the linter's arrows, and the pages that say how the module is required.
//
//	go run ./module example.com/you/momento-bridge
//
// Run in the repository's root; the work tree should be clean. It changes files in place, knows the present path from
// go.mod, and with that as the argument leads back to the same files.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: go run ./module MODULE   # Such as example.com/you/momento-bridge")
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	changed, err := rename(".", flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("the module is %s now: %d files changed\n", flag.Arg(0), changed)
}

// rename gives the module in a directory another path, and returns how many files it has changed.
func rename(root, to string) (changed int, err error) {
	if err := errors.Join(checkPath(to), checkFirst(root, to)); err != nil {
		return 0, err
	}
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return 0, fmt.Errorf("run it in the repository's root: %w", err)
	}
	from, err := pathOf(text)
	if err != nil || from == to {
		return 0, err
	}
	r := renamer{root: root, from: from, to: to}
	files, err := r.files()
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		done, err := r.rewrite(file)
		if err != nil {
			return changed, err
		}
		if done {
			changed++
		}
	}
	return changed, nil
}
