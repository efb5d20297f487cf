package config

import (
	"slices"
	"strings"
)

// What carry may name besides headers. A header is named by itself, or after CarryHeader.
const (
	CarrySubject = "subject"
	CarryTime    = "time"
	CarryHeader  = "header:"
	CarryAll     = "*" // After CarryHeader: all headers.
)

// Carried is what a route's carry asks for.
type Carried struct {
	Subject, Time bool
	Headers       []string // Names; "*" alone: all.
}

// Carried returns what the route carries of each message besides its payload.
func (r *Route) Carried() Carried {
	var c Carried
	for _, what := range r.Carry {
		switch what {
		case CarrySubject:
			c.Subject = true
		case CarryTime:
			c.Time = true
		default:
			c.Headers = append(c.Headers, strings.TrimPrefix(what, CarryHeader))
		}
	}
	return c
}

func (f *File) checkCarry(path string, r *Route) {
	if len(r.Carry) > 0 && r.Batch.Format != Packed && r.Envelope != EnvelopeCloudEvents {
		f.Problemf(path, "%s needs batch.format: packed, or envelope: cloudevents: others have no room for it", path)
		return
	}
	c := r.Carried()
	for i, what := range r.Carry {
		name := strings.TrimPrefix(what, CarryHeader)
		switch {
		case slices.Contains(r.Carry[:i], what):
			f.Problemf(path, "%s names %q twice", path, what)
		case what == CarrySubject, what == CarryTime, name == CarryAll && name != what:
		case what == name && misspelt(what) != "":
			f.Problemf(path, "%s has %q: did you mean %q? A header of that name is \"%s%s\"", path, what,
				misspelt(what), CarryHeader, what)
		case !headerName(name):
			f.Problemf(path, "%s has %q, which is no name of a header: write subject, time, a header's name, or "+
				"\"header:*\" for all headers", path, what)
		case slices.Contains(c.Headers, CarryAll):
			f.Problemf(path, "%s has %q besides \"header:*\", which is all headers: remove one of them", path, what)
		case what != name && slices.Contains(r.Carry, name) && name != CarrySubject && name != CarryTime:
			f.Problemf(path, "%s names the header %q twice", path, name)
		}
	}
}

// misspelt returns what may have been meant by a word that is nearly subject or time, or "*"; empty: it is a header.
func misspelt(word string) string {
	switch lower := strings.ToLower(word); {
	case word == CarryAll || lower == "headers" || lower == "header" || lower == CarryHeader:
		return CarryHeader + CarryAll
	case distance(lower, CarrySubject) <= 1:
		return CarrySubject
	case distance(lower, CarryTime) == 0, word == lower && distance(lower, CarryTime) == 1:
		return CarryTime
	}
	return ""
}

// headerName reports whether a message may have a header of this name.
func headerName(name string) bool {
	return name != "" && name != CarryAll && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r > '~' || r == ':'
	})
}
