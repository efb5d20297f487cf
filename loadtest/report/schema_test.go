package report

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// commentsOf returns the comments of the types in report.go and of their fields: Report and Report.Schema.
func commentsOf(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "report.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	comments := map[string]string{}
	for _, d := range file.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok || decl.Tok != token.TYPE {
			continue
		}
		spec := decl.Specs[0].(*ast.TypeSpec)
		comments[spec.Name.Name] = strings.Join(strings.Fields(decl.Doc.Text()), " ")
		for _, f := range spec.Type.(*ast.StructType).Fields.List {
			comments[spec.Name.Name+"."+f.Names[0].Name] = strings.Join(
				strings.Fields(f.Doc.Text()+" "+f.Comment.Text()), " ")
		}
	}
	return comments
}

// schemaOf describes what encoding/json writes of a type.
func schemaOf(t reflect.Type, comments map[string]string, defs map[string]any) map[string]any {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Struct:
		if _, ok := defs[t.Name()]; !ok {
			defs[t.Name()] = nil // A type may hold itself.
			defs[t.Name()] = objectOf(t, comments, defs)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	case t.Kind() == reflect.Pointer:
		return map[string]any{"anyOf": []any{schemaOf(t.Elem(), comments, defs), map[string]any{"type": "null"}}}
	case t.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem(), comments, defs)}
	case t.Kind() == reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem(), comments, defs)}
	}
	kinds := map[reflect.Kind]string{
		reflect.Bool: "boolean", reflect.Int: "integer", reflect.Uint64: "integer",
		reflect.Float64: "number", reflect.String: "string",
	}
	return map[string]any{"type": kinds[t.Kind()]}
}

func objectOf(t reflect.Type, comments map[string]string, defs map[string]any) map[string]any {
	properties, required := map[string]any{}, []string{}
	for field := range t.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		s := schemaOf(field.Type, comments, defs)
		if comment := comments[t.Name()+"."+field.Name]; comment != "" {
			s["description"] = comment
		}
		properties[name] = s
		if options != "omitempty" {
			required = append(required, name)
		}
	}
	return map[string]any{
		"type": "object", "description": comments[t.Name()], "properties": properties,
		"required": required,
	}
}

func TestThePublishedSchemaIsThatOfTheTypes(t *testing.T) {
	defs := map[string]any{}
	s := schemaOf(reflect.TypeFor[Report](), commentsOf(t), defs)
	defs["Report"].(map[string]any)["properties"].(map[string]any)["schema"] = map[string]any{"const": Schema}
	s["$schema"], s["title"], s["$defs"] = "https://json-schema.org/draft/2020-12/schema",
		"momento-bridge load test report", defs
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile("schema.json", text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile("schema.json"); err != nil || string(have) != string(text) {
		t.Errorf("schema.json is not that of the types (%v); go test -update writes it anew", err)
	}
}

func TestReportsAreValidByTheSchema(t *testing.T) {
	text, err := os.ReadFile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	reports := map[string]*Report{"empty": {Schema: Schema, Test: Find, Verdict: NotProved}}
	for name, sample := range samples {
		reports[name] = sample()
	}
	for name, r := range reports {
		var value map[string]any
		if err := json.Unmarshal(written(t, jsonOf(r)), &value); err != nil {
			t.Fatal(err)
		}
		for _, problem := range invalid(schema, schema, value, name) {
			t.Error(problem)
		}
		value["trials"] = nil
		value["requests"] = 1.5
		if problems := invalid(schema, schema, value, name); len(problems) != 2 {
			t.Errorf("of two mistakes these were found: %q", problems)
		}
	}
}

// invalid checks a value by as much of JSON Schema as schema.json needs.
func invalid(root, s map[string]any, value any, path string) []string {
	if ref, ok := s["$ref"].(string); ok {
		s = root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	if want, ok := s["const"]; ok && want != value {
		return []string{fmt.Sprintf("%s is %v, want %v", path, value, want)}
	}
	if anyOf, ok := s["anyOf"].([]any); ok {
		var problems []string
		for _, option := range anyOf {
			found := invalid(root, option.(map[string]any), value, path)
			if len(found) == 0 {
				return nil
			}
			problems = append(problems, found...)
		}
		return problems
	}
	want, _ := s["type"].(string)
	if have := typeOf(value); want != "" && have != want && (have != "integer" || want != "number") {
		return []string{fmt.Sprintf("%s is of type %s, want %s", path, have, want)}
	}
	return invalidParts(root, s, value, path)
}

func invalidParts(root, s map[string]any, value any, path string) []string {
	var problems []string
	switch value := value.(type) {
	case []any:
		for i, item := range value {
			problems = append(problems, invalid(root, s["items"].(map[string]any), item,
				fmt.Sprintf("%s[%d]", path, i))...)
		}
	case map[string]any:
		properties, _ := s["properties"].(map[string]any)
		required, _ := s["required"].([]any)
		for _, name := range required {
			if _, ok := value[name.(string)]; !ok {
				problems = append(problems, fmt.Sprintf("%s has no %s", path, name))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(value)) {
			of, ok := properties[name]
			if !ok {
				of, ok = s["additionalProperties"]
			}
			if !ok {
				problems = append(problems, fmt.Sprintf("%s.%s is not described", path, name))
				continue
			}
			problems = append(problems, invalid(root, of.(map[string]any), value[name], path+"."+name)...)
		}
	}
	return problems
}

func typeOf(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case float64:
		if value == float64(int64(value)) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	}
	return "object"
}
