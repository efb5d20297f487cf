package config

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxFile bounds a configuration file, in bytes.
const maxFile = 1 << 20

// Read reads a file's text. It never returns nil: problems are kept for Err. name stands in front of them; an empty
// text is a file of defaults.
func Read(name string, text []byte) *File {
	f := &File{
		Config: Default(), name: name, at: map[string]position{}, origin: map[string]string{},
		broken: map[string]bool{}, noted: map[problem]bool{},
	}
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

// read reads a node into a value of any kind that a configuration has.
func (f *File) read(n *yaml.Node, v reflect.Value, tag reflect.StructTag, path string) {
	f.at[path] = position{n.Line, n.Column}
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		f.fail(path, "anchors (&) and aliases (*) are not supported: write the value out, in quotes if it starts "+
			"with one of these")
		return
	}
	if n.Style&yaml.TaggedStyle != 0 {
		f.fail(path, "tags (%s) are not supported: write the bare value, in quotes if it starts with an exclamation "+
			"mark", n.Tag)
		return
	}
	if _, ok := reflect.TypeAssert[scalar](v.Addr()); ok || v.Kind() != reflect.Struct && v.Kind() != reflect.Slice &&
		v.Kind() != reflect.Map {
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
		if now, ok := f.present(key, path, at, n); ok {
			key = now
		}
		i, ok := fields[key]
		if !ok {
			f.unknownKey(key, path, at, fields)
			return
		}
		f.read(value, v.Field(i), v.Type().Field(i).Tag, join(path, key))
	})
}

// eachKey calls do for each key of a mapping. A key that is there twice is a problem, and gets one call.
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
			problemAt(fmt.Sprintf("key %q in %s is there twice, first in line %d", at.Value, nameOf(path),
				seen[at.Value]))
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
	if v.Type().Elem().Kind() == reflect.String {
		f.readTexts(n, v, path)
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

// maxTexts bounds a list of texts: the subjects of one route, which may take the place of as many routes.
const maxTexts = maxRoutes

func (f *File) readTexts(n *yaml.Node, v reflect.Value, path string) {
	if len(n.Content) > maxTexts {
		f.fail(path, "%s has %d items, at most %d are possible", path, len(n.Content), maxTexts)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
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
