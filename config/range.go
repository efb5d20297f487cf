package config

import (
	"fmt"
	"reflect"
	"strconv"
)

// outOfRange says why a value, which stands in the file as text, is less or more than its key allows; nil if it is not.
func outOfRange(v reflect.Value, tag reflect.StructTag, text string) error {
	least, most := tag.Get("least"), tag.Get("most")
	n, ok := amount(v)
	if !ok || (least == "" || n >= bound(v.Type(), least)) && (most == "" || n <= bound(v.Type(), most)) {
		return nil
	}
	switch {
	case most == "":
		return fmt.Errorf("%q is too little: write %s or more", text, least)
	case least == "":
		return fmt.Errorf("%q is too much: write at most %s", text, most)
	default:
		return fmt.Errorf("%q is out of range: write %s to %s", text, least, most)
	}
}

// amount returns what is compared with bounds; false for what has none, such as a word in place of a number.
func amount(v reflect.Value) (int64, bool) {
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		return v.Int(), v.Type() != reflect.TypeFor[InFlight]() || v.Int() != int64(AutoInFlight)
	default:
		return 0, false
	}
}

// bound reads what stands in a tag.
func bound(t reflect.Type, text string) int64 {
	v := reflect.New(t).Elem()
	if s, ok := reflect.TypeAssert[scalar](v.Addr()); ok {
		if err := s.parse(text); err != nil {
			panic("config: bound " + text)
		}
		return v.Int()
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic("config: bound " + text)
	}
	return n
}
