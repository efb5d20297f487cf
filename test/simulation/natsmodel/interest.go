package natsmodel

import "slices"

// subscription is a client's.
type subscription struct {
	conn      *conn
	sid       string
	subject   string
	queue     string
	delivered int
	most      int // Ends it; 0: nothing does.
	ended     bool
}

// interest is who gets what, in the order of the subscriptions: those to one subject first, then those to several.
type interest struct {
	exact map[string][]*subscription
	wild  []*subscription
	found []*subscription // Of match, used again.
}

func (i *interest) init() { i.exact = map[string][]*subscription{} }

func (i *interest) add(s *subscription) {
	if literal(s.subject) {
		i.exact[s.subject] = append(i.exact[s.subject], s)
		return
	}
	i.wild = append(i.wild, s)
}

func (i *interest) remove(s *subscription) {
	s.ended = true
	if !literal(s.subject) {
		i.wild = without(i.wild, s)
		return
	}
	left := without(i.exact[s.subject], s)
	if len(left) == 0 {
		delete(i.exact, s.subject)
		return
	}
	i.exact[s.subject] = left
}

func without(all []*subscription, s *subscription) []*subscription {
	if at := slices.Index(all, s); at >= 0 {
		return slices.Delete(all, at, at+1)
	}
	return all
}

// match returns who has subscribed to a subject, until it is called again.
func (i *interest) match(subject string) []*subscription {
	i.found = append(i.found[:0], i.exact[subject]...)
	for _, s := range i.wild {
		if matches(s.subject, subject) {
			i.found = append(i.found, s)
		}
	}
	return i.found
}

// any reports whether somebody has subscribed to a subject.
func (i *interest) any(subject string) bool {
	if len(i.exact[subject]) > 0 {
		return true
	}
	return slices.ContainsFunc(i.wild, func(s *subscription) bool { return matches(s.subject, subject) })
}
