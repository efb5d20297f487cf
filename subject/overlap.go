// Package subject knows what NATS subjects and filters have in common.
package subject

import "strings"

// Overlap reports whether some subject matches both filters. A subject is a filter that matches itself. It may be
// called concurrently.
func Overlap(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		switch {
		case as[i] == ">" || bs[i] == ">":
			return true
		case as[i] != bs[i] && as[i] != "*" && bs[i] != "*":
			return false
		}
	}
	return len(as) == len(bs)
}
