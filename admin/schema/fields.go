// Package schema describes what the admin listener answers, for programs: each field with its type, unit and meaning,
// as a JSON Schema and as tables. The types are read from package admin, the words from fields.txt.
package schema

import (
	_ "embed"
	"fmt"
	"reflect"
	"strings"
	"time"

	"momento-bridge/admin"
)

//go:embed fields.txt
var texts string

// Field is one field of an answer.
type Field struct {
	Path string // Such as routes[].oldest_seconds or routes[].settled{}.
	Type string // In JSON; "or null" where it may be.
	Unit string // Empty: none.
	Text string
}

// Answers are the answers that are described, in their order, with the names of their sections in fields.txt.
var Answers = []struct {
	Name string
	Type reflect.Type
}{
	{"status", reflect.TypeFor[admin.Status]()},
	{"sample", reflect.TypeFor[admin.Sample]()},
	{"reload", reflect.TypeFor[admin.Reloaded]()},
	{"answer", reflect.TypeFor[admin.Answer]()},
}

// Fields returns the fields of an answer in the order in which they are sent. A field without words has an empty Text.
func Fields(answer string) []Field {
	words := section(answer)
	var all []Field
	for _, a := range Answers {
		if a.Name == answer {
			walk(a.Type, "", func(path string, t reflect.Type) {
				w, ok := words[path]
				if !ok && answer == "answer" { // It is the status, in short.
					w = section("status")[path]
				}
				all = append(all, Field{path, typeName(t), w[0], w[1]})
			})
		}
	}
	return all
}

// section returns unit and text by path. Each line of a section is path | unit | text.
func section(name string) map[string][2]string {
	all, here := map[string][2]string{}, false
	for line := range strings.Lines(texts) {
		line = strings.TrimSpace(line)
		if title, ok := strings.CutPrefix(line, "# "); ok {
			here = title == name
			continue
		}
		parts := strings.SplitN(line, "|", 3)
		if here && len(parts) == 3 {
			all[strings.TrimSpace(parts[0])] = [2]string{strings.TrimSpace(parts[1]), strings.TrimSpace(parts[2])}
		}
	}
	return all
}

// walk calls visit with each field below a type, in order.
func walk(t reflect.Type, path string, visit func(path string, t reflect.Type)) {
	t = below(t)
	switch {
	case t == timeType:
	case t.Kind() == reflect.Struct:
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			at := strings.TrimPrefix(path+"."+name, ".")
			visit(at, f.Type)
			walk(f.Type, at, visit)
		}
	case t.Kind() == reflect.Slice:
		walk(t.Elem(), path+"[]", visit)
	case t.Kind() == reflect.Map:
		walk(t.Elem(), path+"{}", visit)
	}
}

var timeType = reflect.TypeFor[time.Time]()

// below is the type that a pointer points to.
func below(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// typeName names a type as JSON has it.
func typeName(t reflect.Type) string {
	name := map[reflect.Kind]string{
		reflect.Bool: "boolean", reflect.String: "string", reflect.Struct: "object", reflect.Slice: "array",
		reflect.Map: "object", reflect.Float64: "number",
	}[below(t).Kind()]
	switch {
	case below(t) == timeType:
		name = "time"
	case name == "":
		name = "integer"
	}
	if t.Kind() == reflect.Pointer {
		name += " or null"
	}
	return name
}

// Table returns the fields of an answer as a table in Markdown.
func Table(answer string) string {
	var b strings.Builder
	b.WriteString("| field | type | unit | meaning |\n| --- | --- | --- | --- |\n")
	for _, f := range Fields(answer) {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Path, f.Type, f.Unit, f.Text)
	}
	return b.String()
}
