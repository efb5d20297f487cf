package made

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value is a key of values.yaml.
type value struct {
	path, comment, shown string // shown is its default, in one line.
	section              bool   // It has keys of its own, which follow.
}

// listed are the keys of values.yaml in their order. A key without a comment is an error.
func listed(text []byte) ([]value, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("values.yaml: %w", err)
	}
	var all []value
	walk(document.Content[0], "", &all)
	var errs []error
	for _, v := range all {
		if v.comment == "" && !v.section {
			errs = append(errs, fmt.Errorf("values.yaml: no comment says what %s is", v.path))
		}
	}
	return all, errors.Join(errs...)
}

func walk(mapping *yaml.Node, path string, all *[]value) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, node := mapping.Content[i], mapping.Content[i+1]
		v := value{path: strings.TrimPrefix(path+"."+key.Value, ".")}
		v.comment = comment(key, node)
		v.section = node.Kind == yaml.MappingNode && node.Style&yaml.FlowStyle == 0
		if !v.section {
			v.shown = flow(node)
		}
		*all = append(*all, v)
		if v.section {
			walk(node, v.path, all)
		}
	}
}

// comment is what stands above a key or behind it. Of what stands above, a blank line ends what is about something
// else.
func comment(key, node *yaml.Node) string {
	text := node.LineComment
	if text == "" {
		text = key.LineComment
	}
	if text == "" && node.Kind != yaml.ScalarNode && len(node.Content) > 0 && node.Style&yaml.FlowStyle != 0 {
		text = node.Content[len(node.Content)-1].LineComment
	}
	if text == "" {
		parts := strings.Split(key.HeadComment, "\n\n")
		text = parts[len(parts)-1]
	}
	var words []string
	for line := range strings.Lines(text) {
		words = append(words, strings.TrimSpace(strings.TrimLeft(line, "# ")))
	}
	return strings.Join(words, " ")
}

// flow writes a value in one line.
func flow(node *yaml.Node) string {
	plain := *node
	plain.HeadComment, plain.LineComment, plain.FootComment = "", "", ""
	text, err := yaml.Marshal(inFlow(&plain))
	if err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(string(text)), " ")
}

func inFlow(node *yaml.Node) *yaml.Node {
	one := *node
	one.HeadComment, one.LineComment, one.FootComment = "", "", ""
	if one.Kind != yaml.ScalarNode {
		one.Style = yaml.FlowStyle
	}
	one.Content = nil
	for _, child := range node.Content {
		one.Content = append(one.Content, inFlow(child))
	}
	return &one
}

// described are the comments by key.
func described(text []byte) (map[string]string, error) {
	all, err := listed(text)
	comments := map[string]string{}
	for _, v := range all {
		comments[v.path] = v.comment
	}
	return comments, err
}
