package config

import (
	"fmt"

	"momento-bridge/subject"
)

// Filters are the subjects that the route consumes; none for the whole stream.
func (r *Route) Filters() []string {
	switch {
	case len(r.Subjects) > 0:
		return r.Subjects
	case r.Subject != "":
		return []string{r.Subject}
	}
	return nil
}

// subjectKey is the key that names what the route consumes.
func (r *Route) subjectKey() string {
	if len(r.Subjects) > 0 {
		return "subjects"
	}
	return "subject"
}

// checkSubjects checks what a route consumes.
func (f *File) checkSubjects(path string, r *Route) {
	one, many := path+".subject", path+".subjects"
	broken := f.broken[one] || f.broken[many] || f.broken[path+".stream"]
	switch {
	case r.Subject != "" && len(r.Subjects) > 0:
		f.fail(many, "%s and %s are both set: keep one", one, many)
		return
	case r.Subject == "" && len(r.Subjects) == 0 && r.Stream == "" && !broken:
		f.Problemf(path, "%s has neither subject nor stream: name what to consume", path)
	}
	if why := badSubject(r.Subject); r.Subject != "" && why != "" {
		f.fail(one, "%s %q: %s", one, r.Subject, why)
	}
	for i, subject := range r.Subjects {
		at := fmt.Sprintf("%s[%d]", many, i)
		if f.broken[at] {
			continue
		}
		if why := badSubject(subject); why != "" {
			f.Problemf(at, "%s %q: %s", at, subject, why)
			f.broken[many] = true
			continue
		}
		if other, ok := anyOverlap(r.Subjects[:i], []string{subject}); ok {
			f.Problemf(at, "%s %q overlaps with %q, which the route consumes already: leave one of them away, or "+
				"make two routes of them", at, subject, other)
			f.broken[many] = true
		}
	}
}

// anyOverlap returns the first subject of one list that shares a subject with one of another.
func anyOverlap(some, others []string) (string, bool) {
	for _, a := range some {
		for _, b := range others {
			if subject.Overlap(a, b) {
				return a, true
			}
		}
	}
	return "", false
}
