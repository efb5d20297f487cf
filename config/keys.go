package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Key is one row of the table of keys: all that is to be known of a single value of the file.
type Key struct {
	Path       string // Such as nats.url, routes[].topic or limits.caches.<name>.rate.
	Type       string // For people: text, a duration, a size, a rate, a whole number.
	Words      []string
	Default    string // As it stands in a file; empty: nothing.
	Derived    bool   // The default follows from other keys and is described, not to be written.
	Least      string // As it stands in a file; empty: no bound.
	Most       string
	Unit       string
	Form       string // The name of what a text must look like.
	Env        string // The environment variable that is used where the key is not set.
	Required   bool
	Reloadable bool // SIGHUP puts it in force.
	Text       string
}

// Keys returns the table of keys, in the order of the file. Sections, such as nats, are no keys.
func Keys() []Key {
	var keys []Key
	c, r := Default(), DefaultRoute()
	c.Routes = []Route{r}
	walkKeys(reflect.ValueOf(c), "", false, func(k Key) { keys = append(keys, k) })
	return keys
}

// Sections returns what is said of the parts of the file, by path.
func Sections() map[string]string {
	sections := map[string]string{}
	var walk func(t reflect.Type, path string)
	walk = func(t reflect.Type, path string) {
		for field := range t.Fields() {
			inner, at := field.Type, join(path, field.Tag.Get("yaml"))
			switch inner.Kind() {
			case reflect.Slice:
				inner, at = inner.Elem(), at+"[]"
			case reflect.Map:
				inner, at = inner.Elem(), at+".<name>"
			}
			if section(inner) {
				sections[at] = field.Tag.Get("doc")
				walk(inner, at)
			}
		}
	}
	walk(reflect.TypeFor[Config](), "")
	return sections
}

// section reports whether a type has keys of its own.
func section(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !reflect.PointerTo(t).Implements(reflect.TypeFor[scalar]())
}

func walkKeys(v reflect.Value, path string, reload bool, do func(Key)) {
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		at := join(path, field.Tag.Get("yaml"))
		reloadable := reload || field.Tag.Get("reload") == yes
		switch {
		case section(field.Type):
			walkKeys(value, at, reloadable, do)
		case value.Kind() == reflect.Slice && section(field.Type.Elem()):
			walkKeys(value.Index(0), at+"[]", reloadable, do)
		case value.Kind() == reflect.Map && section(field.Type.Elem()):
			walkKeys(reflect.New(field.Type.Elem()).Elem(), at+".<name>", reloadable, do)
		default:
			do(keyOf(field, value, at, reloadable))
		}
	}
}

const yes = "yes"

func keyOf(field reflect.StructField, value reflect.Value, path string, reloadable bool) Key {
	tag := field.Tag
	k := Key{
		Path: path, Type: typeOf(field.Type, tag), Words: wordsOf(field.Type, tag), Default: defaultText(value, tag),
		Derived: tag.Get("default") != "", Least: tag.Get("least"), Most: tag.Get("most"), Unit: tag.Get("unit"),
		Form: tag.Get("form"), Env: tag.Get("env"), Required: tag.Get("required") == yes, Reloadable: reloadable,
		Text: tag.Get("doc"),
	}
	if k.Unit == "" {
		k.Unit = units[field.Type]
	}
	return k
}

// units are those of the types that have one.
var units = map[reflect.Type]string{
	reflect.TypeFor[Duration](): "time",
	reflect.TypeFor[Size]():     "bytes",
	reflect.TypeFor[Rate]():     "publishes per second",
}

func typeOf(t reflect.Type, tag reflect.StructTag) string {
	switch t {
	case reflect.TypeFor[Rate]():
		return "rate"
	case reflect.TypeFor[InFlight]():
		return "whole number"
	case reflect.TypeFor[Duration]():
		return "duration"
	case reflect.TypeFor[Size]():
		return "size"
	case reflect.TypeFor[Start]():
		return "start"
	}
	switch {
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Int:
		return "whole number"
	case t.Kind() == reflect.Slice:
		return "list of texts"
	case tag.Get("enum") != "":
		return "word"
	}
	return "text"
}

// wordsOf are the words that a value may be, alone or besides what its type allows.
func wordsOf(t reflect.Type, tag reflect.StructTag) []string {
	if words := enumOf(tag); words != nil {
		return words
	}
	switch t {
	case reflect.TypeFor[Rate]():
		return []string{"auto", "unlimited"}
	case reflect.TypeFor[InFlight]():
		return []string{"auto"}
	case reflect.TypeFor[Start]():
		return []string{DeliverAll, DeliverNew}
	}
	return nil
}

// defaultText is a default as it stands in a file.
func defaultText(v reflect.Value, tag reflect.StructTag) string {
	if text := tag.Get("default"); text != "" {
		return text
	}
	if v.Kind() == reflect.Slice {
		return "[]"
	}
	if tag.Get("required") == yes {
		return ""
	}
	return asInFile(v)
}

// asInFile is a single value as people would write it.
func asInFile(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case Size:
		if x > 0 && x%(1<<20) == 0 {
			return fmt.Sprintf("%dMiB", x>>20)
		}
	case Duration: // Without the zeros of 10m0s and 1h0m0s.
		text := x.String()
		for _, zeros := range [...]string{"m0s", "h0m"} {
			if strings.HasSuffix(text, zeros) {
				text = text[:len(text)-2]
			}
		}
		return text
	}
	return fmt.Sprint(v.Interface())
}

// keyNamed returns the row of a path with indices, such as routes[0].topic; an empty one if there is none.
func keyNamed(path string) Key {
	for _, k := range Keys() {
		if k.Path == path || matches(k.Path, path) {
			return k
		}
	}
	return Key{}
}

// matches reports whether a path with indices and names is one of a key: routes[].topic has routes[0].topic.
func matches(key, path string) bool {
	keys, parts := strings.Split(key, "."), strings.Split(path, ".")
	if len(keys) != len(parts) {
		return false
	}
	for i := range keys {
		name, _, listed := strings.Cut(parts[i], "[")
		if listed {
			name += "[]"
		}
		if keys[i] != "<name>" && keys[i] != name && keys[i] != strings.TrimSuffix(name, "[]") {
			return false
		}
	}
	return true
}
