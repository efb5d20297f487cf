package docs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// byPrograms are the rules of the long form, for languages that a program of the machine reads.
var byPrograms = map[string]func(*Block) error{"js": parseJS, "python": parsePython, "ini": verifyUnit}

// parseBy has a program read a text from a file of its own.
func parseBy(name, text string, command ...string) error {
	dir, err := os.MkdirTemp("", "docs-")
	if err != nil {
		return fmt.Errorf("write a file: %w", err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write a file: %w", err)
	}
	if out, err := exec.Command(command[0], append(command[1:], file)...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", command[0], err, out)
	}
	return nil
}

// parseJS has node read a module. A part of an object literal is put into one.
func parseJS(b *Block) error {
	text := b.Text
	if regexp.MustCompile(`^\w+: `).MatchString(text) {
		text = "void ({" + text + "});"
	}
	return parseBy("snippet.mjs", text, "node", "--check")
}

// parsePython has Python read a module, in which await may stand anywhere.
func parsePython(b *Block) error {
	return parseBy("snippet.py", b.Text, "python3", "-c",
		"import ast, sys; compile(open(sys.argv[1]).read(), 'snippet.py', 'exec', ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)")
}

// verifyUnit has systemd verify a whole unit; a drop-in is put behind the service's own.
func verifyUnit(b *Block) error {
	text := b.Text
	if !strings.Contains(text, "ExecStart=") {
		unit, err := os.ReadFile("../../deploy/momento-bridge.service")
		if err != nil {
			return fmt.Errorf("read the unit: %w", err)
		}
		text = string(unit) + "\n" + text
	}
	text = regexp.MustCompile(`(?m)^(Exec\w+=-?)/usr/bin/momento-bridge`).ReplaceAllString(text, "${1}/bin/true")
	return parseBy("momento-bridge.service", text, "systemd-analyze", "verify")
}
