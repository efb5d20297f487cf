package natsmodel

import "strings"

// matches reports whether a subject without wildcards matches a filter.
func matches(filter, subject string) bool {
	if filter != "" && subject != "" && filter[0] != subject[0] && filter[0] != '*' && filter[0] != '>' {
		return false // As most are.
	}
	for {
		f, filterRest, filterMore := strings.Cut(filter, ".")
		if f == ">" && !filterMore {
			return subject != ""
		}
		t, subjectRest, subjectMore := strings.Cut(subject, ".")
		if f != "*" && f != t || filterMore != subjectMore {
			return false
		}
		if !filterMore {
			return true
		}
		filter, subject = filterRest, subjectRest
	}
}

// overlaps reports whether there are subjects that match both filters.
func overlaps(a, b string) bool {
	for {
		x, aRest, aMore := strings.Cut(a, ".")
		y, bRest, bMore := strings.Cut(b, ".")
		if x == ">" && !aMore || y == ">" && !bMore {
			return true
		}
		if x != y && x != "*" && y != "*" || aMore != bMore {
			return false
		}
		if !aMore {
			return true
		}
		a, b = aRest, bRest
	}
}

// covers reports whether all that matches the narrow filter matches the wide one.
func covers(wide, narrow string) bool {
	for {
		w, wideRest, wideMore := strings.Cut(wide, ".")
		if w == ">" && !wideMore {
			return true
		}
		n, narrowRest, narrowMore := strings.Cut(narrow, ".")
		if n == ">" || n == "*" && w != "*" || w != "*" && w != n || wideMore != narrowMore {
			return false
		}
		if !wideMore {
			return true
		}
		wide, narrow = wideRest, narrowRest
	}
}

// literal reports whether a subject has no wildcards.
func literal(subject string) bool {
	if strings.IndexByte(subject, '*') < 0 && strings.IndexByte(subject, '>') < 0 {
		return true
	}
	for token := range strings.SplitSeq(subject, ".") {
		if token == "*" || token == ">" {
			return false
		}
	}
	return true
}

// valid reports whether a subscription's subject or a filter may be so.
func valid(subject string) bool {
	if subject == "" {
		return false
	}
	wide := false
	for token := range strings.SplitSeq(subject, ".") {
		if token == "" || wide || strings.ContainsAny(token, " \t\r\n\f") {
			return false
		}
		wide = token == ">"
	}
	return true
}
