package config

import (
	"encoding/json"
	"reflect"
)

// Schema returns the JSON Schema of the file, for editors: generated from the same tags that the reader uses.
func Schema() []byte {
	s := schemaOf(reflect.TypeFor[Config](), "")
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "momento-bridge configuration"
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err) // Nothing in it depends on input.
	}
	return text
}

func schemaOf(t reflect.Type, tag reflect.StructTag) map[string]any {
	s := map[string]any{}
	if doc := tag.Get("doc"); doc != "" {
		s["description"] = doc
	}
	switch {
	case t == reflect.TypeFor[Rate]():
		s["anyOf"] = []any{
			map[string]any{"type": "string", "enum": []string{"auto", "unlimited"}},
			map[string]any{"type": "number", "exclusiveMinimum": 0},
		}
	case t == reflect.TypeFor[InFlight]():
		s["anyOf"] = []any{
			map[string]any{"type": "string", "enum": []string{"auto"}},
			map[string]any{"type": "integer", "minimum": 1},
		}
	case t == reflect.TypeFor[Start]():
		s["type"], s["examples"] = []string{"string", "integer"},
			[]any{DeliverAll, DeliverNew, "2026-01-31T06:00:00Z", 1}
	case t == reflect.TypeFor[Duration]():
		s["type"], s["examples"] = "string", []string{"5s", "500ms", "1m30s"}
	case t == reflect.TypeFor[Size]():
		s["type"], s["examples"] = []string{"string", "integer"}, []any{"64MiB", 4096}
	case t.Kind() == reflect.Struct:
		schemaOfStruct(s, t)
	case t.Kind() == reflect.Slice:
		s["type"], s["items"] = "array", schemaOf(t.Elem(), "")
	case t.Kind() == reflect.Map:
		s["type"], s["additionalProperties"] = "object", schemaOf(t.Elem(), "")
	case t.Kind() == reflect.Bool:
		s["type"] = "boolean"
	case t.Kind() == reflect.Int:
		s["type"] = "integer"
	default:
		s["type"] = "string"
		if values := enumOf(tag); values != nil {
			s["enum"] = values
		}
	}
	return s
}

func schemaOfStruct(s map[string]any, t reflect.Type) {
	properties := map[string]any{}
	for field := range t.Fields() {
		properties[field.Tag.Get("yaml")] = schemaOf(field.Type, field.Tag)
	}
	s["type"], s["properties"], s["additionalProperties"] = "object", properties, false
}
