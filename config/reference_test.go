package config

import (
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

func TestReferenceOfTheKeysIsCurrent(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != Reference() {
		t.Error("docs/configuration.md differs from what the table of keys says: go generate ./config")
	}
}

func TestExampleHasEachKey(t *testing.T) {
	t.Parallel()
	var document yaml.Node
	if err := yaml.Load([]byte(Example()), &document); err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	var walk func(n *yaml.Node, path string)
	walk = func(n *yaml.Node, path string) {
		there[path] = true
		for i, inner := range n.Content {
			switch {
			case n.Kind == yaml.SequenceNode:
				walk(inner, path+"[]")
			case i%2 == 1:
				walk(inner, join(path, n.Content[i-1].Value))
			}
		}
	}
	walk(document.Content[0], "")
	for _, k := range Keys() {
		if !there[k.Path] && !strings.HasPrefix(k.Path, "limits.caches.") {
			t.Errorf("the example does not have %s", k.Path)
		}
	}
}
