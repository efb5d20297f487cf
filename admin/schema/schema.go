package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

type object = map[string]any

// Status returns the JSON Schema of GET /api/v1/status.
func Status() []byte {
	o := describe("status", Answers[0].Type, "")
	o["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	o["title"] = "The status of a momento-bridge, version 1"
	text, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("schema: %v", err)) // It is made of texts alone.
	}
	return text
}

// describe returns the schema of a type at a path of an answer. Fields may be added: others than these are no mistake.
func describe(answer string, t reflect.Type, path string) object {
	o := object{}
	kind := strings.Fields(typeName(t))[0]
	o["type"] = kind
	if kind == "time" {
		o["type"], o["format"] = "string", "date-time"
	}
	if k := t.Kind(); k == reflect.Pointer || k == reflect.Slice || k == reflect.Map { // A list of nothing may be null.
		o["type"] = []any{o["type"], "null"}
	}
	switch below(t).Kind() {
	case reflect.Slice:
		o["items"] = describe(answer, t.Elem(), path+"[]")
	case reflect.Map:
		o["additionalProperties"] = describe(answer, t.Elem(), path+"{}")
	case reflect.Struct:
		if kind == "object" {
			describeFields(o, answer, below(t), path)
		}
	default:
	}
	return o
}

func describeFields(o object, answer string, t reflect.Type, path string) {
	words, properties, required := section(answer), object{}, []string{}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		at := strings.TrimPrefix(path+"."+name, ".")
		one := describe(answer, f.Type, at)
		one["description"] = words[at][1]
		if unit := words[at][0]; unit != "" {
			one["description"] = words[at][1] + " In " + unit + "."
		}
		properties[name] = one
		if options == "" {
			required = append(required, name)
		}
	}
	o["properties"], o["required"] = properties, required
}
