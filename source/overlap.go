package source

import "strings"

// anyOverlap reports whether some subject matches the pattern and one of a list.
func anyOverlap(list []string, subject string) bool {
	for _, one := range list {
		if overlap(one, subject) {
			return true
		}
	}
	return false
}

// overlap reports whether some subject matches both patterns.
func overlap(a, b string) bool { return subjectsOverlap(strings.Split(a, "."), strings.Split(b, ".")) }
