package daemon

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"momento-bridge/config"
)

// The column "reload" of docs/configuration.md is what a reload does: a key that is not marked is named as one that
// waits for a restart, and one that is marked is put in force.
func TestEachKeyIsReloadedAsItsReferenceSays(t *testing.T) {
	t.Parallel()
	for _, k := range config.Keys() {
		now, next := oneRoute(), oneRoute()
		changeKey(t, reflect.ValueOf(&next).Elem(), strings.Split(k.Path, "."))
		d := difference(&now, &next)
		does := len(d.Added)+len(d.Removed)+len(d.Changed) > 0 || d.Limits
		if waits := slices.Contains(d.Restart, k.Path); waits == k.Reloadable || does != k.Reloadable {
			t.Errorf("%s: marked as reloadable: %t; the reload %+v", k.Path, k.Reloadable, d)
		}
		if after := reloadable(&now, &next); k.Reloadable != reflect.DeepEqual(*after, next) {
			t.Errorf("%s: in force after the reload: %t", k.Path, !k.Reloadable)
		}
	}
}

func oneRoute() config.Config {
	c := config.Default()
	c.Routes = []config.Route{config.DefaultRoute()}
	c.Routes[0].Name = "r"
	c.Limits.Caches = map[string]config.CacheLimit{"<name>": {}}
	return c
}

// changeKey gives the value at a path of the reference another value.
func changeKey(t *testing.T, v reflect.Value, path []string) {
	t.Helper()
	if len(path) > 0 {
		name, listed := strings.CutSuffix(path[0], "[]")
		if v.Kind() == reflect.Map {
			entry := reflect.New(v.Type().Elem()).Elem()
			entry.Set(v.MapIndex(reflect.ValueOf(name)))
			changeKey(t, entry, path[1:])
			v.SetMapIndex(reflect.ValueOf(name), entry)
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("yaml") != name {
				continue
			}
			inner := v.Field(i)
			if listed {
				inner = inner.Index(0)
			}
			changeKey(t, inner, path[1:])
			return
		}
		t.Fatalf("there is no key %v", path)
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Float64:
		v.SetFloat(v.Float() + 1)
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Slice:
		v.Set(reflect.Append(v, reflect.ValueOf("x")))
	case reflect.Struct:
		changeKey(t, v.Field(0), nil) // Of a value that stands for one key, such as a rate.
	default:
		t.Fatalf("a value of the type %v cannot be changed", v.Type())
	}
}
