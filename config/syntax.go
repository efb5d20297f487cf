package config

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v4"
)

// syntaxProblem notes that the text is no YAML. Nothing else is then concluded from the file.
func (f *File) syntaxProblem(err error, text string) {
	f.broken[""] = true
	load, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		f.add(problem{at: position{1, 1}, text: "not YAML: " + err.Error()})
		return
	}
	at := positionOf(load.Mark, text)
	why := strings.TrimPrefix(load.Message, "yaml: ")
	switch {
	case strings.Contains(why, "found multiple"):
		why = "one YAML document is expected, the file holds several: remove the --- between them"
		at = secondDocument(text)
	case strings.Contains(why, "cannot start any token") && strings.HasPrefix(lineAt(text, at), "\t"),
		strings.Contains(why, "tab character"):
		why = "not YAML: a tab indents the line; YAML is indented with spaces"
	case strings.Contains(why, "cannot start any token"), strings.Contains(why, "unknown anchor"),
		strings.Contains(why, "alphabetic or numeric"):
		why = "not YAML: a value that starts with one of * & % @ ` { [ > | needs quotes"
	case strings.Contains(load.ContextMsg, "flow") || strings.Contains(load.ContextMsg, "quoted"):
		at = positionOf(load.ContextMark, text)
		why = "not YAML: " + why + " " + load.ContextMsg + " that starts here"
	case strings.Contains(why, "did not find expected key"):
		why = "not YAML: a key is expected here; is the line indented as its neighbours are?"
	default:
		why = "not YAML: " + why
	}
	f.add(problem{at: at, text: why})
}

// lineBreaks turns every line break of YAML into a line feed.
var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

// positionOf turns a mark into a place inside the text. Where the parser gives no line, its offset tells.
func positionOf(m yaml.Mark, text string) position {
	if m.Line == 0 {
		before := lineBreaks.Replace(text[:min(max(m.Index, 0), len(text))])
		return position{strings.Count(before, "\n") + 1, len(before) - strings.LastIndexByte(before, '\n')}
	}
	text = lineBreaks.Replace(text)
	if lines := strings.Count(strings.TrimSuffix(text, "\n"), "\n") + 1; m.Line > lines {
		return position{lines, len(lineAt(text, position{lines, 1})) + 1}
	}
	return position{m.Line, max(1, m.Column)}
}

// secondDocument is where the second --- stands.
func secondDocument(text string) position {
	for n, line := range strings.Split(text, "\n") {
		if n > 0 && strings.HasPrefix(line, "---") &&
			strings.TrimSpace(withoutComments(strings.Join(strings.Split(text, "\n")[:n], "\n"))) != "" {
			return position{n + 1, 1}
		}
	}
	return position{1, 1}
}

func lineAt(text string, at position) string {
	lines := strings.Split(text, "\n")
	if at.line > len(lines) {
		return ""
	}
	return lines[at.line-1]
}
