package docs

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"momento-bridge/test/docs/standin"
)

// The program momento-bridge, and the directory that MakePrograms has made.
var (
	Bridge string
	Bin    string
)

// builtins are commands of the shell itself.
var builtins = []string{"cd", "export", "wait", "set", "umask", "exit", "trap", "for", "do", "done", "if", "then", "fi"}

// unrun looks at commands that are not run: the programs are known, and take the flags.
func unrun(b *Block) error {
	commands := b.Text
	if b.Language == "console" {
		exchanges, err := Exchanges(b.Text)
		if err != nil {
			return err
		}
		var all strings.Builder
		for _, e := range exchanges {
			all.WriteString(e.Command)
		}
		commands = all.String()
	}
	commands = strings.ReplaceAll(commands, "\\\n", " ")
	for line := range strings.Lines(commands) {
		words := Split(line)
		for len(words) > 0 && strings.Contains(words[0], "=") { // Variables.
			words = words[1:]
		}
		if len(words) == 0 {
			continue
		}
		if words[0] == "momento-bridge" || words[0] == "./momento-bridge" {
			if said, err := exec.Command(Bridge, append(words[1:], "--help")...).CombinedOutput(); err != nil {
				return fmt.Errorf("%s: %w: %s", strings.TrimSpace(line), err, said)
			}
			continue
		}
		if slices.Contains(machines, words[0]) || slices.Contains(builtins, words[0]) {
			continue
		}
		if err := standin.Check(words); err != nil {
			return fmt.Errorf("%s: %w", strings.TrimSpace(line), err)
		}
	}
	return nil
}

// Split takes a line of a shell apart, up to a comment, a pipe or a redirection.
func Split(line string) (words []string) {
	word, quote, inWord, within := "", rune(0), false, 0 // Within so many $( ).
	end := func() {
		if inWord {
			words = append(words, word)
		}
		word, inWord = "", false
	}
	for _, r := range line {
		switch {
		case r == '(' && (within > 0 || strings.HasSuffix(word, "$")):
			word, within = word+string(r), within+1
		case within > 0 && r == ')':
			word, within = word+string(r), within-1
		case within > 0:
			word += string(r)
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word += string(r)
		case r == '\'' || r == '"':
			quote, inWord = r, true
		case r == ' ' || r == '\n' || r == '\t':
			end()
		case strings.ContainsRune("|;&<>", r) || r == '#' && !inWord:
			end()
			return words
		default:
			word, inWord = word+string(r), true
		}
	}
	end()
	return words
}
