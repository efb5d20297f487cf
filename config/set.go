package config

import (
	"reflect"
	"strconv"
	"strings"
)

// AddRoute appends a route with the defaults.
func (f *File) AddRoute(name string) {
	r := DefaultRoute()
	r.Name = name
	f.Routes = append(f.Routes, r)
}

// Set gives the value at path, which must be a single value, the meaning of text. Problems with it are reported under
// the origin, which is the name of a flag or a variable.
func (f *File) Set(path, text, origin string) {
	f.origin[path] = origin
	v, tag := f.find(path)
	if err := setScalar(v, tag, text); err != nil {
		f.fail(path, "%v", err)
	}
}

// find returns the value at a path and its tag. The paths come from the program, so a wrong one is a bug.
func (f *File) find(path string) (reflect.Value, reflect.StructTag) {
	v, tag := reflect.ValueOf(&f.Config).Elem(), reflect.StructTag("")
	for key := range strings.SplitSeq(path, ".") {
		name, index, listed := strings.Cut(strings.TrimSuffix(key, "]"), "[")
		i, ok := fieldsOf(v.Type())[name]
		if !ok {
			panic("config: no key " + path)
		}
		tag = v.Type().Field(i).Tag
		v = v.Field(i)
		if listed {
			n, err := strconv.Atoi(index)
			if err != nil {
				panic("config: no key " + path)
			}
			v = v.Index(n)
		}
	}
	return v, tag
}
