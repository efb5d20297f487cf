package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Operators copy what the pages say to a terminal, or behind `kubectl exec … --`.
func TestCommandsOfThePagesExistWithTheirFlags(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile("(?m)(?:`|^    |-- )momento-bridge ([a-z][^`\n#|;]*)")
	seen := map[string]int{}
	for _, page := range append(pages, "../../README.md", "../../SECURITY.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range command.FindAllStringSubmatch(string(text), -1) {
			words := strings.Fields(found[1])
			seen[filepath.Base(page)]++
			root := newRoot()
			root.InitDefaultCompletionCmd()
			cmd, rest, err := root.Find(words)
			if err != nil || cmd == cmd.Root() && words[0] != "help" {
				t.Errorf("%s: momento-bridge %s: there is no such command", page, found[1])
				continue
			}
			if cmd.DisableFlagParsing {
				continue // The pages are of the full build.
			}
			for _, word := range rest {
				name, _, _ := strings.Cut(strings.Trim(word, "[],.()"), "=")
				long, isLong := strings.CutPrefix(name, "--")
				short, isShort := strings.CutPrefix(name, "-")
				switch {
				case isLong && long != "" && cmd.Flag(long) == nil:
					t.Errorf("%s: momento-bridge %s: there is no --%s", page, found[1], long)
				case !isLong && isShort && len(short) == 1 && cmd.Flags().ShorthandLookup(short) == nil:
					t.Errorf("%s: momento-bridge %s: there is no -%s", page, found[1], short)
				}
			}
		}
	}
	if seen["runbook.md"] < 10 || seen["doctor.md"] < 10 {
		t.Errorf("only so many commands were found: %v", seen)
	}
}
