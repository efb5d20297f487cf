package envelope

import (
	"cmp"
	"slices"
	"strings"
)

// role is what a header is to an event.
type role struct {
	kind      roleKind
	attribute string // That it becomes; empty: none.
}

type roleKind uint8

const (
	roleNone roleKind = iota
	roleContentType
	roleMessageID   // Which may be chosen as well.
	roleTraceParent // An attribute of the distributed tracing extension.
	roleTraceState
	roleCE    // An attribute of an event in binary mode.
	roleExtra // Chosen.
)

// mostRoles is how many names of headers are remembered. Those of others are looked at each time.
const mostRoles = 256

// roleOf returns the role of a header by its name, whose case does not matter.
func (m *Maker) roleOf(name string) role {
	r, known := m.roles[name]
	if !known {
		name = strings.Clone(name) // It may share the memory of a message.
		if r = m.newRole(lower(name)); len(m.roles) < mostRoles {
			m.roles[name] = r
		}
	}
	return r
}

func (m *Maker) newRole(name string) role {
	if attribute, ok := strings.CutPrefix(name, "ce-"); ok {
		return role{roleCE, attribute}
	}
	extra := m.chosen[name]
	if m.all && extra == "" && !strings.HasPrefix(name, "nats-") {
		extra, _ = Attribute(name)
	}
	switch {
	case name == "content-type":
		return role{kind: roleContentType}
	case name == "traceparent":
		return role{roleTraceParent, name}
	case name == "tracestate":
		return role{roleTraceState, name}
	case name == "nats-msg-id":
		return role{roleMessageID, extra}
	case extra != "":
		return role{roleExtra, extra}
	}
	return role{}
}

// field is a header, or an attribute that is made of one.
type field struct{ attribute, header, value string }

// found is what the headers of a message say, in an order that does not depend on that of the headers. Of headers
// whose names are the same but for their case, or become the same attribute, the first in the order of names counts.
type found struct {
	contentType, messageID, traceParent, traceState field

	ce    []field // With the values as they are.
	extra []field
}

func (f *found) scan(m *Maker, header map[string][]string) {
	*f = found{ce: f.ce[:0], extra: f.extra[:0]}
	for name, values := range header {
		if len(values) == 0 {
			continue
		}
		r := m.roleOf(name)
		switch r.kind {
		case roleNone:
		case roleContentType:
			f.contentType.take(field{"", name, strings.TrimSpace(values[0])})
		case roleTraceParent:
			f.traceParent.take(field{r.attribute, name, values[0]})
		case roleTraceState:
			f.traceState.take(field{r.attribute, name, joined(values)})
		case roleMessageID:
			f.messageID.take(field{"", name, values[0]})
			if r.attribute != "" {
				f.extra = append(f.extra, field{r.attribute, name, joined(values)})
			}
		case roleCE:
			f.ce = append(f.ce, field{r.attribute, name, values[0]})
		case roleExtra:
			f.extra = append(f.extra, field{r.attribute, name, joined(values)})
		}
	}
	f.ce, f.extra = inOrder(f.ce), inOrder(f.extra)
}

// take keeps the one of two fields whose header comes first.
func (f *field) take(other field) {
	if f.header == "" || other.header < f.header {
		*f = other
	}
}

// inOrder sorts fields by attribute, and leaves one of each.
func inOrder(fields []field) []field {
	if len(fields) < 2 {
		return fields
	}
	slices.SortFunc(fields, func(a, b field) int {
		return cmp.Or(strings.Compare(a.attribute, b.attribute), strings.Compare(a.header, b.header))
	})
	return slices.CompactFunc(fields, func(a, b field) bool { return a.attribute == b.attribute })
}

// attribute returns the value of a header with the prefix ce-; empty: there is none.
func (f *found) attribute(name string) string {
	for i := range f.ce {
		if f.ce[i].attribute == name {
			return f.ce[i].value
		}
	}
	return ""
}

func (f *found) has(name string) bool {
	return slices.ContainsFunc(f.ce, func(f field) bool { return f.attribute == name })
}

// joined returns the values of a header that may stand several times.
func joined(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return strings.Join(values, ",")
}

func lower(name string) string { return strings.ToLower(name) }
