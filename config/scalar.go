package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

func (f *File) readScalar(n *yaml.Node, v reflect.Value, tag reflect.StructTag, path string) {
	if n.Kind != yaml.ScalarNode {
		hint := ""
		if n.Style&yaml.FlowStyle != 0 && n.Kind == yaml.MappingNode {
			hint = "; a value that starts with { needs quotes"
		}
		if several := tag.Get("several"); several != "" && n.Kind == yaml.SequenceNode {
			hint = "; several stand in " + several
		}
		f.fail(path, "%s must be %s, not %s%s", nameOf(path), wanted(v, tag), kindOf(n), hint)
		return
	}
	if n.Tag == "!!null" && v.Kind() != reflect.String {
		f.fail(path, "%s has no value: write %s, or remove the key", nameOf(path), wanted(v, tag))
		return
	}
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		f.fail(path, "%s: > and | begin a block of text here: put the value in quotes, such as \">\"", nameOf(path))
		return
	}
	text := n.Value
	switch {
	case n.Tag == "!!null":
		text = ""
	case n.Tag == "!!bool" && v.Kind() == reflect.Bool: // Also True and TRUE.
		text = strings.ToLower(text)
	}
	err := refuseVariables(path, text)
	if err == nil {
		err = setScalar(v, tag, text)
	}
	if err != nil {
		f.fail(path, "%s: %v", nameOf(path), err)
	}
}

// setScalar gives v the value that text means, also where that is out of range.
func setScalar(v reflect.Value, tag reflect.StructTag, text string) error {
	if err := parseScalar(v, tag, text); err != nil {
		return err
	}
	return outOfRange(v, tag, text)
}

func parseScalar(v reflect.Value, tag reflect.StructTag, text string) error {
	if s, ok := reflect.TypeAssert[scalar](v.Addr()); ok {
		return s.parse(text)
	}
	switch v.Kind() {
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		v.SetBool(text == "true")
	case reflect.Int:
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		v.SetInt(n)
	default:
		return setString(v, tag, text)
	}
	return nil
}

func setString(v reflect.Value, tag reflect.StructTag, text string) error {
	if values := enumOf(tag); values != nil && !slices.Contains(values, text) {
		return fmt.Errorf("%q is not one of %s%s", text, strings.Join(values, ", "), didYouMean(text, values))
	}
	v.SetString(text)
	return nil
}

// wanted says what a value must be.
func wanted(v reflect.Value, tag reflect.StructTag) string {
	switch v.Addr().Interface().(type) {
	case *Rate:
		return "a rate such as auto or 10"
	case *InFlight:
		return "auto or a whole number"
	case *Duration:
		return "a duration such as 5s"
	case *Size:
		return "a size such as 64MiB"
	case *Start:
		return "all, new, a time or a sequence"
	case *bool:
		return "true or false"
	case *int:
		return "a whole number"
	}
	if values := enumOf(tag); values != nil {
		return "one of " + strings.Join(values, ", ")
	}
	return "text"
}

func enumOf(tag reflect.StructTag) []string {
	if list := tag.Get("enum"); list != "" {
		return strings.Split(list, ",")
	}
	return nil
}
