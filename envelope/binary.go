package envelope

import (
	"strings"
	"unicode/utf8"
)

// isBinary reports whether the headers are those of a CloudEvent in binary mode, as the NATS protocol binding has them,
// and decodes their values. If they are not, the type and the schema that they name are of use all the same.
func (m *Maker) isBinary() bool {
	whole := true
	for i := range m.found.ce {
		f := &m.found.ce[i]
		value, ok := decoded(f.value)
		if !ok {
			value = ""
		}
		f.value = value
		whole = whole && ok && m.fits(f.attribute, value)
	}
	return whole && m.found.attribute("specversion") == "1.0" && m.found.has("id") && m.found.has("source") &&
		m.found.has("type")
}

// fits reports whether an attribute can have a value.
func (m *Maker) fits(name, value string) bool {
	switch name {
	case "specversion":
		return value == "1.0"
	case "id", "type", "subject":
		return said(value)
	case "source":
		return m.isSource(value)
	case "time":
		return isTime(value)
	case "dataschema":
		return isURI(value)
	case "datacontenttype":
		return m.mediaOf(value).text != ""
	case "data":
		return false
	}
	return isName(name) && legal(value)
}

// isSource is isReference for sources, which are often all the same.
func (m *Maker) isSource(text string) bool {
	if text == m.source && text != "" {
		return true
	}
	if !isReference(text) {
		return false
	}
	m.source = strings.Clone(text)
	return true
}

// isName reports whether an attribute can be called so.
func isName(name string) bool {
	if name == "schemaurl" || name == "validate" { // The JavaScript SDK refuses events with either of them.
		return false
	}
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return len(name) > 0
}

// decoded returns the value of an attribute in binary mode: a quoted string is unquoted, and then percent-encoding is
// undone, once. It reports whether that is possible and gives UTF-8.
func decoded(value string) (string, bool) {
	value = strings.Trim(value, " \t")
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		value = unquoted(value[1 : len(value)-1])
	}
	if !strings.Contains(value, "%") {
		return value, utf8.ValidString(value)
	}
	var text strings.Builder
	for i := 0; i < len(value); i++ {
		c := value[i]
		if c == '%' {
			if i+2 >= len(value) || hexDigit(value[i+1]) < 0 || hexDigit(value[i+2]) < 0 {
				return "", false
			}
			c = byte(hexDigit(value[i+1])<<4 | hexDigit(value[i+2])) //nolint:gosec // Two digits.
			i += 2
		}
		text.WriteByte(c)
	}
	return text.String(), utf8.ValidString(text.String())
}

// unquoted undoes the backslashes of a quoted string.
func unquoted(value string) string {
	if !strings.Contains(value, `\`) {
		return value
	}
	var text strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) {
			i++
		}
		text.WriteByte(value[i])
	}
	return text.String()
}
