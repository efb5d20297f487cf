package envelope

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"momento-bridge/batch"
)

// mostMembers is how many attributes an event may have that is passed on as it is: each is held against all others.
const mostMembers = 64

// isEvent reports whether a text without white space around it is a CloudEvent 1.0 in the JSON event format, that every
// SDK reads, alone and in a batch.
func (m *Maker) isEvent(text []byte) bool {
	if len(text) == 0 || text[0] != '{' || !json.Valid(text) || !utf8.Valid(text) ||
		!batch.Within(text, batch.Deepest) {
		return false
	}
	var buf [mostMembers][]byte
	seen := buf[:0]
	var e event
	for rest := text[1:]; ; {
		name, value, after := member(rest)
		if name == nil {
			break
		}
		if len(seen) == mostMembers || slices.ContainsFunc(seen, func(other []byte) bool {
			return bytes.Equal(name, other)
		}) || !e.take(m, string(name), value) {
			return false
		}
		seen, rest = append(seen, name), after
	}
	return e.complete()
}

// event is what a structured event has.
type event struct {
	required         int    // Of the four attributes that an event must have.
	data, dataBase64 []byte // nil: none.
	opaque           bool   // The data are declared not to be JSON.
}

// complete reports whether the event has what it must, and its data once, as the content type says.
func (e *event) complete() bool {
	const all = 4
	if e.required != all || e.data != nil && e.dataBase64 != nil {
		return false
	}
	return e.data == nil || finite(e.data) && (!e.opaque || e.data[0] == '"')
}

// take notes a member, and reports whether an event can have it. There is no other of this name.
func (e *event) take(m *Maker, name string, value []byte) bool {
	switch name {
	case "data":
		e.data = value
		return true
	case "data_base64":
		e.dataBase64 = value
		return isBase64(value)
	case "specversion", "id", "type", "source":
		e.required++
	}
	if !isName(name) {
		return false
	}
	text, isText := stringOf(value)
	if isText {
		if name == "datacontenttype" {
			e.opaque = !declaresJSON(text)
		}
		return m.fits(name, text)
	}
	switch {
	case string(value) == "null":
		return name != "specversion" && name != "id" && name != "type" && name != "source"
	case name == "specversion", name == "id", name == "type", name == "source", name == "subject", name == "time",
		name == "dataschema", name == "datacontenttype":
		return false
	}
	return string(value) == "true" || string(value) == "false" || isInteger(value)
}

// declaresJSON reports whether a content type says that data are JSON.
func declaresJSON(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = lower(strings.TrimSpace(kind))
	return strings.HasSuffix(kind, "/json") || strings.HasSuffix(kind, "+json")
}

// stringOf returns what a JSON string says, and whether the value is one.
func stringOf(value []byte) (string, bool) {
	if value[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1]), true
	}
	var text string
	err := json.Unmarshal(value, &text)
	return text, err == nil
}

// isInteger reports whether a number is an integer of 32 bits, which attributes can be.
func isInteger(value []byte) bool {
	_, err := strconv.ParseInt(string(value), 10, 32)
	return err == nil
}

// isBase64 reports whether a JSON string is padded base64 without escapes, which not every SDK undoes there.
func isBase64(value []byte) bool {
	if value[0] != '"' || len(value)%4 != 2 {
		return false
	}
	text := value[1 : len(value)-1]
	for n := 0; n < 2 && len(text) > 0 && text[len(text)-1] == '='; n++ {
		text = text[:len(text)-1]
	}
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '+' && c != '/' {
			return false
		}
	}
	return true
}

// member returns the next member of an object in valid JSON, and what follows it; no name: there is none. The name is
// as it is written.
func member(text []byte) (name, value, rest []byte) {
	text = bytes.TrimLeft(text, " \t\r\n,")
	if text[0] == '}' {
		return nil, nil, nil
	}
	end := stringEnd(text)
	name = text[1 : end-1]
	text = bytes.TrimLeft(text[end:], " \t\r\n:")
	end = valueEnd(text)
	return slices.Clip(name), bytes.TrimRight(text[:end], " \t\r\n"), text[end:]
}

// stringEnd returns where a string ends that a text begins with.
func stringEnd(text []byte) int {
	for i := 1; ; i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// valueEnd returns where a member's value ends that a text begins with.
func valueEnd(text []byte) int {
	for i, depth := 0, 0; ; i++ {
		switch text[i] {
		case '"':
			i += stringEnd(text[i:]) - 1
		case '[', '{':
			depth++
		case ']', '}':
			if depth == 0 {
				return i
			}
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
}
