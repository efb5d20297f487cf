package template

import (
	"fmt"
	"slices"
	"strings"
)

// header is what a template takes of a message's headers.
type header struct {
	name     string
	optional bool // It has a default.
}

// buildHeader compiles {{header(name)}} and {{header(name,default)}}.
func buildHeader(c *compiler, args []string) (part, error) {
	name := strings.TrimSpace(args[0])
	if bad := strings.IndexFunc(name, notForHeaders); name == "" || bad >= 0 {
		return nil, fmt.Errorf("%q is not the name of a header: write one such as Region", name)
	}
	otherwise := ""
	if len(args) > 1 {
		otherwise = strings.TrimSpace(args[1])
	}
	c.headers = append(c.headers, header{name: name, optional: len(args) > 1})
	return func(dst []byte, m message) []byte {
		if value := first(m.header, name); value != "" {
			return append(dst, value...)
		}
		return append(dst, otherwise...)
	}, nil
}

// notForHeaders reports whether a header's name cannot have a character.
func notForHeaders(r rune) bool { return r <= ' ' || r == ':' || r > '~' }

// first returns the first value of a header, empty if there is none. As to NATS, names differ by case.
func first(headers map[string][]string, name string) string {
	if values := headers[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// HasHeaders reports whether topics are made of headers, too.
func (t *Template) HasHeaders() bool { return len(t.headers) > 0 }

// Headers are the names of the headers that a message must have for a topic, and of those that have a default.
func (t *Template) Headers() (needed, optional []string) {
	for _, h := range t.headers {
		if h.optional {
			optional = append(optional, h.name)
		} else {
			needed = append(needed, h.name)
		}
	}
	slices.Sort(needed)
	slices.Sort(optional)
	return slices.Compact(needed), slices.Compact(optional)
}

// Lack says which header a message lacks for its topic, and what to do; empty: it has all.
func (t *Template) Lack(headers map[string][]string) string {
	for _, h := range t.headers {
		if h.optional || first(headers, h.name) != "" {
			continue
		}
		return fmt.Sprintf("the header %s is missing or empty, of which %q makes the topic%s: publish with it, or "+
			"write {{header(%[1]s,default)}}", h.name, t.text, alike(headers, h.name))
	}
	return ""
}

// alike says which header a message has under another spelling of a name; empty: none.
func alike(headers map[string][]string, name string) string {
	found := ""
	for other := range headers {
		if strings.EqualFold(other, name) && other != name && (found == "" || other < found) {
			found = other
		}
	}
	if found == "" {
		return ""
	}
	return fmt.Sprintf(" (it has %s: to NATS, names differ by case)", found)
}
