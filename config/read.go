package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxFile bounds a configuration file, in bytes.
const maxFile = 1 << 20

// Read reads a file's text. It never returns nil: problems are kept for Err. name stands in front of them; an empty text is a file
// of defaults.
func Read(name string, text []byte) *File {
	f := &File{Config: Default(), name: name, at: map[string]position{}, origin: map[string]string{}, broken: map[string]bool{}, noted: map[problem]bool{}}
	if len(text) > maxFile {
		f.fail("", "the file is larger than 1 MiB; a configuration is not")
		return f
	}
	if root := f.parse(text); root != nil {
		f.at[""] = position{root.Line, root.Column}
		f.readStruct(root, reflect.ValueOf(&f.Config).Elem(), "")
	}
	return f
}

// parse returns the file's root, or nil for an empty file or one that is no YAML.
func (f *File) parse(text []byte) *yaml.Node {
	if strings.TrimSpace(withoutComments(string(text))) == "" {
		return nil
	}
	var document yaml.Node
	if err := yaml.Load(text, &document); err != nil {
		f.syntaxProblem(err, string(text))
		return nil
	}
	if len(document.Content) != 1 || document.Content[0].Tag == "!!null" {
		return nil
	}
	return document.Content[0]
}

func withoutComments(text string) string {
	var rest strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "#") && line != "---" && line != "..." {
			rest.WriteString(line)
		}
	}
	return rest.String()
}

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
	case strings.Contains(why, "cannot start any token") && strings.HasPrefix(lineAt(text, at), "\t"), strings.Contains(why, "tab character"):
		why = "not YAML: a tab indents the line; YAML is indented with spaces"
	case strings.Contains(why, "cannot start any token"), strings.Contains(why, "unknown anchor"), strings.Contains(why, "alphabetic or numeric"):
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
		if n > 0 && strings.HasPrefix(line, "---") && strings.TrimSpace(withoutComments(strings.Join(strings.Split(text, "\n")[:n], "\n"))) != "" {
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

// read reads a node into a value of any kind that a configuration has.
func (f *File) read(n *yaml.Node, v reflect.Value, tag reflect.StructTag, path string) {
	f.at[path] = position{n.Line, n.Column}
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		f.fail(path, "anchors (&) and aliases (*) are not supported: write the value out, in quotes if it starts with one of these")
		return
	}
	if n.Style&yaml.TaggedStyle != 0 {
		f.fail(path, "tags (%s) are not supported: write the bare value, in quotes if it starts with an exclamation mark", n.Tag)
		return
	}
	if _, ok := reflect.TypeAssert[scalar](v.Addr()); ok || v.Kind() != reflect.Struct && v.Kind() != reflect.Slice && v.Kind() != reflect.Map {
		f.readScalar(n, v, tag, path)
		return
	}
	if n.Tag == "!!null" { // A key without a value keeps its defaults.
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		f.readStruct(n, v, path)
	case reflect.Slice:
		f.readList(n, v, path)
	default:
		f.readMap(n, v, path)
	}
}

func (f *File) readStruct(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		f.fail(path, "%s must be a mapping of keys to values, not %s", nameOf(path), kindOf(n))
		return
	}
	fields := fieldsOf(v.Type())
	f.eachKey(n, path, func(key string, at, value *yaml.Node) {
		i, ok := fields[key]
		if !ok {
			f.unknownKey(key, path, at, fields)
			return
		}
		f.read(value, v.Field(i), v.Type().Field(i).Tag, join(path, key))
	})
}

// eachKey calls do for each key of a mapping, but not for a key that stands there twice.
func (f *File) eachKey(n *yaml.Node, path string, do func(key string, at, value *yaml.Node)) {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		at, value := n.Content[i], n.Content[i+1]
		problemAt := func(text string) { f.add(problem{at: position{at.Line, at.Column}, text: text}) }
		switch {
		case at.Kind != yaml.ScalarNode:
			problemAt("a key must be plain text")
		case at.Tag == "!!merge":
			problemAt("merge keys (<<) are not supported: write the keys out")
		case seen[at.Value] > 0:
			problemAt(fmt.Sprintf("key %q in %s is there twice, first in line %d", at.Value, nameOf(path), seen[at.Value]))
		default:
			seen[at.Value] = at.Line
			do(at.Value, at, value)
		}
	}
}

func (f *File) readList(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		f.fail(path, "%s must be a list, each item after a dash, not %s", nameOf(path), kindOf(n))
		return
	}
	if len(n.Content) > maxRoutes {
		f.fail(path, "there are %d routes, at most %d are possible", len(n.Content), maxRoutes)
		return
	}
	for i, item := range n.Content {
		f.AddRoute("")
		f.read(item, v.Index(i), "", fmt.Sprintf("%s[%d]", path, i))
	}
}

func (f *File) readMap(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		f.fail(path, "%s must be a mapping of names to values, not %s", nameOf(path), kindOf(n))
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	f.eachKey(n, path, func(key string, _, value *yaml.Node) {
		item := reflect.New(v.Type().Elem()).Elem()
		f.read(value, item, "", join(path, key))
		v.SetMapIndex(reflect.ValueOf(key), item)
	})
}

func (f *File) readScalar(n *yaml.Node, v reflect.Value, tag reflect.StructTag, path string) {
	if n.Kind != yaml.ScalarNode {
		hint := ""
		if n.Style&yaml.FlowStyle != 0 && n.Kind == yaml.MappingNode {
			hint = "; a value that starts with { needs quotes"
		}
		f.fail(path, "%s must be %s, not %s%s", nameOf(path), wanted(v, tag), kindOf(n), hint)
		return
	}
	if n.Tag == "!!null" && v.Kind() != reflect.String {
		f.fail(path, "%s has no value: write %s, or remove the key", nameOf(path), wanted(v, tag))
		return
	}
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		f.fail(path, "%s: > and | begin a block of text here: put the value in quotes, such as \">\"", nameOf(path))
		return
	}
	text := n.Value
	if n.Tag == "!!null" {
		text = ""
	}
	if err := setScalar(v, tag, text); err != nil {
		f.fail(path, "%s: %v", nameOf(path), err)
	}
}

// setScalar gives v the value that text means.
func setScalar(v reflect.Value, tag reflect.StructTag, text string) error {
	if s, ok := reflect.TypeAssert[scalar](v.Addr()); ok {
		return s.parse(text)
	}
	switch v.Kind() {
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		v.SetBool(text == "true")
	case reflect.Int:
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		v.SetInt(n)
	default:
		return setString(v, tag, text)
	}
	return nil
}

func setString(v reflect.Value, tag reflect.StructTag, text string) error {
	if values := enumOf(tag); values != nil && !slices.Contains(values, text) {
		return fmt.Errorf("%q is not one of %s%s", text, strings.Join(values, ", "), didYouMean(text, values))
	}
	v.SetString(text)
	return nil
}

// wanted says what a value must be.
func wanted(v reflect.Value, tag reflect.StructTag) string {
	switch v.Addr().Interface().(type) {
	case *Rate:
		return "a rate such as auto or 10"
	case *Duration:
		return "a duration such as 5s"
	case *Size:
		return "a size such as 64MiB"
	case *bool:
		return "true or false"
	case *int:
		return "a whole number"
	}
	if values := enumOf(tag); values != nil {
		return "one of " + strings.Join(values, ", ")
	}
	return "text"
}

func enumOf(tag reflect.StructTag) []string {
	if list := tag.Get("enum"); list != "" {
		return strings.Split(list, ",")
	}
	return nil
}

// fieldsOf returns the keys of a struct and the fields that they stand for.
func fieldsOf(t reflect.Type) map[string]int {
	fields := map[string]int{}
	for i := range t.NumField() {
		fields[t.Field(i).Tag.Get("yaml")] = i
	}
	return fields
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return fmt.Sprintf("%q", n.Value)
}

func nameOf(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
