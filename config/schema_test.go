package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"momento-bridge/test/long"
)

// compiledSchema is the schema as an editor has it.
func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema([]string{"us-east-1", "eu-west-1"})))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("config.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asJSON is YAML as editors hand it to a schema.
func asJSON(n *yaml.Node) any {
	switch n.Kind {
	case 0: // An empty file.
		return nil
	case yaml.DocumentNode:
		return asJSON(n.Content[0])
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, asJSON(item))
		}
		return list
	case yaml.MappingNode:
		mapping := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			mapping[n.Content[i].Value] = asJSON(n.Content[i+1])
		}
		return mapping
	}
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int", "!!float":
		return json.Number(strings.TrimPrefix(n.Value, "+"))
	}
	return n.Value
}

// problemsOf are what the reader says of a file.
func problemsOf(text []byte) []string {
	f := Read("f", text)
	f.Validate()
	if invalid, ok := errors.AsType[*InvalidError](f.Err()); ok {
		return invalid.Problems
	}
	return nil
}

// beyond reports whether each problem is one that a schema cannot see, by the names of the rules.
func beyond(problems []string) (names []string, ok bool) {
	for _, p := range problems {
		i := slices.IndexFunc(BeyondSchema(), func(r Rule) bool {
			return slices.ContainsFunc(r.says, func(words string) bool { return strings.Contains(p, words) })
		})
		if i < 0 {
			return nil, false
		}
		names = append(names, BeyondSchema()[i].Name)
	}
	return names, true
}

// The files in which check's own tests have one mistake each.
func TestSchemaRefusesTheBrokenConfigurationsThatItCan(t *testing.T) {
	t.Parallel()
	schema := compiledSchema(t)
	files, err := filepath.Glob("../cmd/momento-bridge/testdata/broken/*.yaml")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d broken configurations, %v", len(files), err)
	}
	refused, seen := 0, map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		golden, err := os.ReadFile(strings.TrimSuffix(file, ".yaml") + ".golden")
		if err != nil {
			t.Fatal(err)
		}
		problems := strings.Split(strings.TrimSpace(string(golden)), "\n")
		var document yaml.Node
		if err := yaml.Load(text, &document); (err == nil || withoutComments(string(text)) == "") &&
			schema.Validate(asJSON(&document)) != nil {
			refused++
			continue
		}
		names, ok := beyond(problems)
		if !ok {
			t.Errorf("the schema accepts %s, of which check says\n%s", filepath.Base(file), golden)
		}
		for _, name := range names {
			seen[name] = true
		}
	}
	if refused < 80 {
		t.Errorf("the schema refuses %d of %d", refused, len(files))
	}
	for _, rule := range BeyondSchema() {
		if !seen[rule.Name] {
			t.Errorf("no broken configuration shows the rule %q", rule.Name)
		}
	}
}

// Two good files, in each of which all keys can be set.
const (
	coreBase   = "momento: {region: us-east-1}\nroutes:\n  - {name: a, subject: a.b, cache: c}\n"
	streamBase = "momento: {api_key_url: \"https://h/k\"}\nroutes:\n  - {name: a, stream: S, cache: c, " +
		"batch: {format: packed}, dead_letter: {subject: d}}\n"
)

// values are what is tried for each key, as it stands in YAML.
var values = []string{
	"''", "null", "[]", "[1]", "[a.b]", "{}", "{a: b}", "true", "'true'", "True", "FALSE", "'True'", "yes", "0",
	"'0'", "1", "2",
	"-1", "1.5",
	"'5'", "'64'", "5", "5s", "+5s", "-5s", "5 s", "1m30s", "1h 2m", ".5s", "5x", "64XB", "64MiB", "1.5KiB", "4 KB",
	"-4KB", "soon", "auto", "unlimited", "fast", "1000001", "1e3", "9999999999", "0.0001", "17", "all", "new",
	"2026-01-31T06:00:00Z", "2026-01-31", "text", "a b", "a.b", "a..b", "'*'", "a*", "'>'", "'a.>'", "'>.a'", "a/b",
	"https://h/p", "http://h", "http://127.0.0.1:1/p", "http://h:3128", "nats://h:4222", "'a:1, b:2'", "nats://h:70000",
	"ftp://h", "127.0.0.1:9464", "':9464'", "h:70000", "'[::1]:9464'", "'::1:9464'", "h", "us-east-1", "nowhere",
	"none",
}

func TestSchemaRefusesWhatWouldOnlyShowAtTheStart(t *testing.T) {
	t.Parallel()
	schema := compiledSchema(t)
	for _, text := range []string{
		"routes: [{name: a, subject: a}]",
		"momento: {timeout: '5'}\n" + minimal,
		"momento: {timeout: 5}\n" + minimal,
		"queue: {max_bytes: 64XB}\n" + minimal,
		"momento: {region: nowhere}\n" + minimal,
		"routes: [{name: a, subject: a, cache: c, rate: auto}]",
		"routes: [{name: a, subject: a, stream: S, queue: q, cache: c}]",
		"routes: [{name: a, subject: a, cache: c, batch: {linger: 5ms}}]",
		"{}",
	} {
		var document yaml.Node
		if err := yaml.Load([]byte(text), &document); err != nil || schema.Validate(asJSON(&document)) == nil {
			t.Errorf("%v; the schema accepts %s", err, text)
		}
	}
}

func TestSchemaTellsDefaultsAndUnits(t *testing.T) {
	t.Parallel()
	var schema struct {
		Properties map[string]struct {
			Properties map[string]struct {
				Default     any
				Description string
			}
		}
	}
	if err := json.Unmarshal(Schema(nil), &schema); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]struct {
		value any
		text  string
	}{
		"momento.timeout":     {"5s", "A time with its unit, such as 500ms, 5s or 1m30s. Allowed: 10ms or more."},
		"momento.connections": {64.0, "Allowed: 1 to 10000."},
		"queue.max_bytes":     {"64MiB", "In bytes, or such as 4KiB or 64MiB."},
		"limits.rate":         {"auto", "In publishes per second."},
		"limits.shared":       {true, "over NATS"},
	} {
		section, key, _ := strings.Cut(path, ".")
		got := schema.Properties[section].Properties[key]
		if got.Default != want.value || !strings.Contains(got.Description, want.text) {
			t.Errorf("%s has the default %v and says %q, want %v and "+
				"%q", path, got.Default, got.Description, want.value,
				want.text)
		}
	}
}

// elsewhere are the keys whose values are not read here, but by those that use them: see the broken configurations.
var elsewhere = []string{"momento.endpoint", "momento.proxy", "momento.region", "nats.context", "routes[].topic"}

func TestSchemaAndReaderAcceptTheSame(t *testing.T) {
	t.Parallel()
	schema := compiledSchema(t)
	accepted, refused := 0, 0
	try := func(document *yaml.Node) {
		instance := asJSON(document)
		text, err := yaml.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		bySchema, problems := schema.Validate(instance), problemsOf(text)
		switch _, ok := beyond(problems); {
		case bySchema == nil && len(problems) == 0:
			accepted++
		case bySchema != nil && len(problems) > 0:
			refused++
		case bySchema != nil:
			t.Errorf("the reader accepts\n%s\nthe schema says %v", text, bySchema)
		case !ok:
			t.Errorf("the schema accepts\n%s\nthe reader says %v", text, problems)
		}
	}
	try(with(t, coreBase, "log.level", "info"))
	every := long.Or(3, 1)
	for row, k := range Keys() {
		bases := []string{streamBase}
		switch {
		case slices.Contains(elsewhere, k.Path):
			continue
		case strings.HasPrefix(k.Path, "routes"):
			bases = append(bases, coreBase)
		}
		for _, base := range bases {
			for _, value := range valuesOf(&k) {
				try(with(t, base, k.Path, value))
			}
			for i := row % every; i < len(values); i += every {
				try(with(t, base, k.Path, values[i]))
			}
		}
	}
	if accepted < 600 || refused < 1500 {
		t.Errorf("%d accepted and %d refused by both: hardly anything was compared", accepted, refused)
	}
	t.Logf("%d accepted and %d refused by both", accepted, refused)
}

// valuesOf are the words of a key, its bounds, and what is just beyond those.
func valuesOf(k *Key) []string {
	all := append([]string{k.Least, k.Most}, k.Words...)
	for _, word := range k.Words {
		all = append(all, strings.ToUpper(word), word+"x")
	}
	if k.Type == "whole number" && k.Least != "" {
		var n int
		if _, err := fmt.Sscan(k.Least, &n); err == nil {
			all = append(all, fmt.Sprint(n-1))
		}
	}
	if k.Type == "whole number" && k.Most != "" {
		all = append(all, k.Most+"0")
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// with returns a file in which the value at a path is replaced or added.
func with(t *testing.T, base, path, value string) *yaml.Node {
	t.Helper()
	var document, added yaml.Node
	if err := yaml.Load([]byte(base), &document); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Load([]byte("v: "+value), &added); err != nil {
		t.Fatalf("%q: %v", value, err)
	}
	path = strings.NewReplacer("routes[]", "routes.0", "<name>", "c").Replace(path)
	put(document.Content[0], strings.Split(path, "."), added.Content[0].Content[1])
	return &document
}

func put(n *yaml.Node, path []string, value *yaml.Node) {
	if n.Kind == yaml.SequenceNode {
		put(n.Content[0], path[1:], value)
		return
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value != path[0] {
			continue
		}
		if len(path) == 1 {
			n.Content[i+1] = value
			return
		}
		put(n.Content[i+1], path[1:], value)
		return
	}
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: path[0]}
	if len(path) == 1 {
		n.Content = append(n.Content, key, value)
		return
	}
	inner := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	n.Content = append(n.Content, key, inner)
	put(inner, path[1:], value)
}

// A section whose keys are all commented out has no value in YAML.
func TestSchemaAcceptsASectionWithoutKeys(t *testing.T) {
	t.Parallel()
	schema := compiledSchema(t)
	for _, section := range []string{
		"nats:", "nats: {tls: }", "momento:", "momento: {tls: }", "limits:", "coordination:", "queue:", "canary:",
		"admin:", "log:",
	} {
		text := section + "\nroutes: [{name: a, subject: a, cache: c}]\n"
		var document yaml.Node
		if err := yaml.Load([]byte(text), &document); err != nil {
			t.Fatal(err)
		}
		if err := Read("", []byte(text)).Err(); err != nil {
			t.Errorf("the reader refuses %s: %v", section, err)
		}
		if err := schema.Validate(asJSON(&document)); err != nil {
			t.Errorf("the schema refuses %s: %v", section, err)
		}
	}
}
