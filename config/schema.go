package config

import (
	"encoding/json"
	"reflect"
	"strings"
)

// Schema returns the JSON Schema of the file, for editors: made of the table of keys. It accepts what the reader
// accepts, but for what BeyondSchema lists. The regions are those that momento.region may name.
func Schema(regions []string) []byte {
	file := Default()
	file.Routes = []Route{DefaultRoute()}
	s := (&schemas{regions: regions}).section(reflect.ValueOf(file), "")
	s["type"] = "object" // An empty file has no route.
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "momento-bridge configuration"
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err) // Nothing in it depends on input.
	}
	return text
}

// object is a schema, or a part of one.
type object map[string]any

type schemas struct{ regions []string }

// section is the schema of a mapping with keys of its own.
func (s *schemas) section(v reflect.Value, path string) object {
	properties, required := object{}, []string{}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		key := field.Tag.Get("yaml")
		properties[key] = s.of(field, v.Field(i), join(path, key))
		if field.Tag.Get("required") == yes {
			required = append(required, key)
		}
	}
	rules := append(rulesOf(path), formerIn(properties, path)...)
	o := object{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
	if len(required) > 0 { // What must have a value is no empty mapping.
		o["required"], o["type"] = required, "object"
	}
	if rules != nil {
		o["allOf"] = rules
	}
	return o
}

// of is the schema of one key.
func (s *schemas) of(field reflect.StructField, v reflect.Value, path string) object {
	var o object
	doc := field.Tag.Get("doc")
	switch {
	case section(field.Type):
		o = s.section(v, path)
	case v.Kind() == reflect.Slice && section(field.Type.Elem()):
		o = object{
			"type": "array", "items": s.section(v.Index(0), path+"[]"), "minItems": 1, "maxItems": maxRoutes,
		}
	case v.Kind() == reflect.Map:
		o = object{
			"type":                 []string{"object", "null"},
			"additionalProperties": s.section(reflect.New(field.Type.Elem()).Elem(), path+".<name>"),
		}
	default:
		k := keyOf(field, v, path, false)
		o, doc = s.value(&k, field.Type), description(&k)
		if d, ok := defaultValue(&k, v); ok {
			o["default"] = d
		}
	}
	o["description"] = doc
	return o
}

// value is what a single value may be.
func (s *schemas) value(k *Key, t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[Rate]():
		return anyOf(object{"enum": k.Words}, object{"type": "number", "minimum": leastRate, "maximum": mostRate},
			text(ratePattern))
	case t == reflect.TypeFor[InFlight]():
		return anyOf(object{"enum": k.Words}, whole(k), text(wholePattern))
	case t == reflect.TypeFor[Start]():
		return anyOf(text(startPattern), object{"type": "integer", "minimum": 1})
	case t == reflect.TypeFor[Duration]():
		o := anyOf(text(durationPattern), object{"const": 0})
		o["examples"] = []string{"500ms", "5s", "1m30s"}
		return o
	case t == reflect.TypeFor[Size]():
		o := anyOf(text(sizePattern), sizes(k))
		o["examples"] = []any{4096, "4KiB", "64MiB"}
		return o
	case t.Kind() == reflect.Bool:
		return object{"enum": []any{true, false, "true", "false"}}
	case t.Kind() == reflect.Int:
		return anyOf(whole(k), text(wholePattern))
	case t.Kind() == reflect.Slice:
		return object{"type": []string{"array", "null"}, "items": textOf(k, false), "maxItems": maxTexts}
	case k.Path == "momento.region" && len(s.regions) > 0:
		return object{"enum": append([]any{"", nil}, anys(s.regions)...)}
	case k.Words != nil:
		return object{"enum": k.Words}
	}
	return textOf(k, !k.Required && (k.Default == "" || k.Derived))
}

func anyOf(some ...any) object { return object{"anyOf": some} }

func text(pattern string) object { return object{"type": "string", "pattern": pattern} }

// maxWhole is the greatest whole number that the reader takes.
const maxWhole = 1<<31 - 1

func whole(k *Key) object {
	t := reflect.TypeFor[int]()
	o := object{"type": "integer", "minimum": -maxWhole - 1, "maximum": maxWhole}
	if k.Least != "" {
		o["minimum"] = bound(t, k.Least)
	}
	if k.Most != "" {
		o["maximum"] = bound(t, k.Most)
	}
	return o
}

func sizes(k *Key) object {
	t := reflect.TypeFor[Size]()
	o := object{"type": "integer", "minimum": 0, "maximum": int64(maxSize)}
	if k.Least != "" {
		o["minimum"] = bound(t, k.Least)
	}
	if k.Most != "" {
		o["maximum"] = bound(t, k.Most)
	}
	return o
}

// textOf is the schema of a text. The reader takes what stands there, also where YAML calls it a number.
func textOf(k *Key, empty bool) object {
	pattern, types := forms[k.Form], []string{"string", "number", "boolean"}
	if pattern == "" && !empty {
		pattern = `[\s\S]`
	}
	if k.Form == "label" || k.Form == "token" || k.Form == "stream" { // They have no dot.
		types[1] = "integer"
	}
	if k.Form == "listen" || k.Form == "control" { // No number has a port, or is one of its words.
		types = []string{"string"}
	}
	o := object{"type": types}
	if pattern != "" {
		o["pattern"] = pattern
	}
	if k.Most != "" {
		o["maxLength"] = bound(reflect.TypeFor[int](), k.Most)
	}
	if !empty {
		return o
	}
	o["type"] = append(types, "null")
	if pattern == "" {
		return o
	}
	return anyOf(object{"const": ""}, o)
}

// description is the text of a key with what an editor does not show otherwise.
func description(k *Key) string {
	text := k.Text
	switch {
	case k.Unit == "time":
		text += " A time with its unit, such as 500ms, 5s or 1m30s."
	case k.Unit == "bytes":
		text += " In bytes, or such as 4KiB or 64MiB."
	case k.Unit != "":
		text += " In " + k.Unit + "."
	}
	if k.Least != "" || k.Most != "" {
		text += " Allowed: " + Range(k) + "."
	}
	if k.Derived {
		text += " Default: " + k.Default + "."
	}
	return text
}

// Range says what a value may be, for people; empty: its type says it.
func Range(k *Key) string {
	switch {
	case k.Least != "" && k.Most != "":
		return k.Least + " to " + k.Most
	case k.Least != "":
		return k.Least + " or more"
	case k.Most != "" && k.Type == "text":
		return "up to " + k.Most + " bytes"
	case k.Most != "":
		return "up to " + k.Most
	}
	return strings.Join(k.Words, ", ")
}

// defaultValue is a default as JSON has it.
func defaultValue(k *Key, v reflect.Value) (any, bool) {
	switch {
	case k.Required || k.Derived:
		return nil, false
	case k.Type == "true or false":
		return v.Bool(), true
	case k.Type == "whole number" && v.Int() >= 0:
		return v.Int(), true
	case v.Kind() == reflect.Slice:
		return []string{}, true
	case k.Type == "size" && !strings.HasSuffix(k.Default, "B"):
		return v.Int(), true
	}
	return k.Default, true
}

func anys(texts []string) []any {
	all := make([]any, len(texts))
	for i, text := range texts {
		all[i] = text
	}
	return all
}
