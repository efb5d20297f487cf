package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// formerKey is how a key was called before.
type formerKey struct {
	now   string // Its name in the same section.
	until string // The release that knows the former name no more.
}

// formerKeys are those that are still read, by path. A file with one of them means the same as before, and is warned
// of. docs/upgrading.md says how long that is so.
var formerKeys = map[string]formerKey{
	"momento.pipeline": {now: "in_flight", until: "v1.0.0"},
}

// present returns the key that a former one in a mapping stands for; ok is false if it is none, or if both are there.
func (f *File) present(key, path string, at, in *yaml.Node) (now string, ok bool) {
	former, ok := formerKeys[join(path, key)]
	if !ok || hasKey(in, former.now) {
		return "", false
	}
	f.outdated = append(f.outdated, problem{at: position{at.Line, at.Column}, text: fmt.Sprintf(
		"the key %q in %s is called %q now: rename it, as %s will refuse it", key, nameOf(path), former.now,
		former.until)})
	return former.now, true
}

// Outdated returns what the file has that a later release will refuse, each with its place and what to do.
func (f *File) Outdated() []string {
	var lines []string
	for _, p := range f.outdated {
		lines = append(lines, f.line(p))
	}
	return lines
}

// hasKey reports whether a mapping has a key.
func hasKey(in *yaml.Node, key string) bool {
	for i := 0; i < len(in.Content); i += 2 {
		if in.Content[i].Value == key {
			return true
		}
	}
	return false
}

// formerIn adds the former keys of a section to its properties. The rules say that none stands beside the present one.
func formerIn(properties object, path string) (rules []any) {
	for _, at := range slices.Sorted(maps.Keys(formerKeys)) {
		former := formerKeys[at]
		key, here := strings.CutPrefix(at, join(path, ""))
		if !here || strings.ContainsAny(key, ".[") {
			continue
		}
		o := maps.Clone(properties[former.now].(object)) // As all properties are.
		o["deprecated"], o["description"] = true, "It is called "+former.now+" now."
		properties[key] = o
		both := object{"type": "object", "required": []string{key, former.now}} // A section without keys is null.
		rules = append(rules, object{"not": both})
	}
	return rules
}
