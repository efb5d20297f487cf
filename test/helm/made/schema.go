package made

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed schema.yaml
var types []byte

// schema is values.schema.json: types of schema.yaml, descriptions of values.yaml, and config as the program has it.
func schema(values, config []byte) (string, error) {
	var root map[string]any
	if err := yaml.Unmarshal(types, &root); err != nil {
		return "", fmt.Errorf("schema.yaml: %w", err)
	}
	comments, err := described(values)
	if err != nil {
		return "", err
	}
	definitions := root["definitions"]
	delete(root, "definitions")
	c := closer{comments, map[string]any{}}
	c.definitions, _ = definitions.(map[string]any)
	all := c.closed(root, "")
	properties, _ := all["properties"].(map[string]any)
	file, err := configSchema(config)
	if err != nil {
		return "", err
	}
	file["description"] = comments["config"]
	properties["config"] = file
	properties["global"] = map[string]any{"type": "object", "description": "What Helm hands to subcharts."}
	all["$schema"], all["title"] = "http://json-schema.org/draft-07/schema#", "Values of momento-bridge"
	all["definitions"] = definitions
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err = e.Encode(all)
	return b.String(), err
}

// closer makes closed objects of trees.
type closer struct {
	comments    map[string]string
	definitions map[string]any
}

// closed is the schema of an object that stands in schema.yaml: one whose keys are keys, and not a schema itself. A key
// that may not be null must be there: null takes a default away.
func (c closer) closed(tree map[string]any, path string) map[string]any {
	properties, required := map[string]any{}, []string{}
	for key, value := range tree {
		one, _ := value.(map[string]any)
		at := strings.TrimPrefix(path+"."+key, ".")
		if !isSchema(one) {
			one = c.closed(one, at)
		}
		if key != "config" && !c.mayBeNull(one) {
			required = append(required, key)
		}
		if text := c.comments[at]; text != "" {
			one = withDescription(one, text)
		}
		properties[key] = one
	}
	slices.Sort(required)
	return map[string]any{
		"type": "object", "additionalProperties": false, "properties": properties, "required": required,
	}
}

func (c closer) mayBeNull(one map[string]any) bool {
	if name, ok := one["$ref"].(string); ok {
		one, _ = c.definitions[strings.TrimPrefix(name, "#/definitions/")].(map[string]any)
	}
	types, _ := one["type"].([]any)
	return slices.Contains(types, any("null"))
}

// withDescription describes a schema. Beside a reference older readers look at nothing.
func withDescription(one map[string]any, text string) map[string]any {
	if _, ok := one["$ref"]; ok {
		return map[string]any{"description": text, "allOf": []any{one}}
	}
	one["description"] = text
	return one
}

// isSchema tells a schema from an object whose keys are those of values.
func isSchema(one map[string]any) bool {
	return slices.ContainsFunc([]string{"type", "enum", "$ref", "anyOf"}, func(word string) bool {
		_, ok := one[word]
		return ok
	})
}

// configSchema is the program's schema of its file. That there must be routes is left to the template: who lints the
// chart has none yet, and the file may be a ConfigMap of its own.
func configSchema(text []byte) (map[string]any, error) {
	var file map[string]any
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("the program's schema: %w", err)
	}
	for _, key := range []string{"$schema", "title", "required"} {
		delete(file, key)
	}
	file["type"] = []string{"object", "null"}
	withoutFileRules(file)
	return file, nil
}

// withoutFileRules drops the rules about which files go with which keys: the chart looks at that itself, as a file may
// be named in secrets.
func withoutFileRules(schema map[string]any) {
	if rules, ok := schema["allOf"].([]any); ok {
		schema["allOf"] = slices.DeleteFunc(rules, func(rule any) bool {
			text, err := json.Marshal(rule)
			return err != nil || bytes.Contains(text, []byte(`_file"`))
		})
		if len(schema["allOf"].([]any)) == 0 {
			delete(schema, "allOf")
		}
	}
	properties, _ := schema["properties"].(map[string]any)
	for _, property := range properties {
		if section, ok := property.(map[string]any); ok {
			withoutFileRules(section)
		}
	}
}
