package sink

import (
	"slices"
	"strconv"
	"strings"
)

const (
	// maxNested bounds how deep words are looked for in JSON.
	maxNested = 4
	// maxParts bounds how many of them are taken.
	maxParts = 8
)

// jsonFields are where errors have their words, in the order in which they are told.
var jsonFields = [...]string{
	"err", "code", "error", "errors", "message", "msg", "title",
	"detail", "details", "description", "error_description", "reason",
}

// jsonText returns the words of a JSON value that tells of an error: those of known fields, also in nested objects and
// arrays, or a string.
func jsonText(value any) string {
	return strings.Join(appendWords(nil, value, maxNested), ": ")
}

func appendWords(parts []string, value any, deep int) []string {
	if deep == 0 {
		return parts
	}
	switch v := value.(type) {
	case string:
		if v != "" && len(parts) < maxParts && !slices.Contains(parts, v) {
			parts = append(parts, v)
		}
	case []any:
		for _, each := range v[:min(len(v), maxParts)] {
			parts = appendWords(parts, each, deep-1)
		}
	case map[string]any:
		for _, name := range jsonFields {
			parts = appendWords(parts, field(v, name), deep-1)
		}
	}
	return parts
}

// field returns a field of an object, whose name may begin with a capital letter; nil: there is none.
func field(object map[string]any, name string) any {
	if value, ok := object[name]; ok {
		return value
	}
	var capital [24]byte
	n := copy(capital[:], name)
	capital[0] -= 'a' - 'A'
	return object[string(capital[:n])] // Which allocates nothing.
}

// tellsOfError reports whether a JSON value is an object that says that something went wrong, or a list with one.
func tellsOfError(value any) bool {
	if list, ok := value.([]any); ok {
		return slices.ContainsFunc(list, tellsOfError)
	}
	object, ok := value.(map[string]any)
	if !ok {
		return false
	}
	for _, name := range [...]string{"err", "error", "errors", "error_code", "errorCode"} {
		if isSomething(field(object, name)) {
			return true
		}
	}
	if field(object, "success") == false || field(object, "ok") == false {
		return true
	}
	for _, name := range [...]string{"status", "statusCode", "status_code"} {
		if isBadStatus(field(object, name)) {
			return true
		}
	}
	code := field(object, "code")
	explained := isSomething(field(object, "message")) || isSomething(field(object, "detail"))
	return explained && (code == nil || isBadCode(code))
}

// isSomething reports whether a value is there and is not one that stands for nothing.
func isSomething(value any) bool {
	switch v := value.(type) {
	case nil:
		return false
	case bool:
		return v
	case float64:
		return v != 0
	case string:
		return v != "" && !isFine(v)
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

// isBadStatus is for a HTTP status, or a word in its place.
func isBadStatus(value any) bool {
	switch v := value.(type) {
	case float64:
		return v >= 400
	case string:
		switch strings.ToLower(v) {
		case "error", "fail", "failed", "failure":
			return true
		}
		number, err := strconv.Atoi(v)
		return err == nil && number >= 400
	}
	return false
}

// isBadCode is for a code of an error, with words beside it.
func isBadCode(value any) bool {
	if number, ok := value.(float64); ok {
		return number != 0 && (number < 200 || number > 299)
	}
	return isSomething(value)
}

// isFine reports whether a word says that nothing is wrong.
func isFine(word string) bool {
	switch strings.ToLower(word) {
	case "ok", "success", "none", "accepted", "created", "null", "false", "0", "200", "201", "202", "204":
		return true
	}
	return false
}
