package helm

import (
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"momento-bridge/test/helm/render"
)

// TestANullInPlaceOfAnyValueIsRefusedOrKeepsTheRules takes each default away, as a null does.
func TestANullInPlaceOfAnyValueIsRefusedOrKeepsTheRules(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(top + "/" + render.Chart + "/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	keys := paths(document.Content[0], nil)
	if len(keys) < 100 {
		t.Errorf("%d keys, want all", len(keys))
	}
	for _, names := range keys {
		var place any
		for _, name := range slices.Backward(names) {
			place = map[string]any{name: place}
		}
		key := strings.Join(names, ".")
		values := merged(with(t, "existingConfigMap: {key: a}"), place.(map[string]any))
		out, err := render.WithValues(loaded(t), render.Release{Name: "bridge", Namespace: "default"}, values)
		if err != nil {
			said, last := err.Error(), names[len(names)-1]
			if !strings.Contains(said, last) || strings.Contains(said, "nil pointer") {
				t.Errorf("%s: the refusal does not name it: %v", key, err)
			}
			continue
		}
		w := worldOf(t, out)
		for _, r := range rules {
			if !r.holds(w) {
				t.Errorf("without %s broken is: %s", key, r.name)
			}
		}
	}
}

// paths are the keys of a mapping and of those in it.
func paths(mapping *yaml.Node, above []string) [][]string {
	var all [][]string
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		names := append(append([]string{}, above...), mapping.Content[i].Value)
		all = append(all, names)
		if node := mapping.Content[i+1]; node.Kind == yaml.MappingNode {
			all = append(all, paths(node, names)...)
		}
	}
	return all
}
