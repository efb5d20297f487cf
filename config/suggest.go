package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// unknownKey says that a key is not known, and which one may have been meant.
func unknownKey(key, path string, fields map[string]int) string {
	names := slices.Sorted(maps.Keys(fields))
	text := fmt.Sprintf("unknown key %q in %s%s", key, nameOf(path), didYouMean(key, names))
	if !strings.HasSuffix(text, ")") {
		text += "; known keys: " + strings.Join(names, ", ")
	}
	return text
}

// didYouMean offers the name nearest to a word, if one is near.
func didYouMean(word string, names []string) string {
	best, least := "", max(1, len(word)/3)+1
	for _, name := range names {
		if d := distance(strings.ToLower(word), name); d < least {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// distance is the number of letters to insert, remove, replace or swap to turn a into b.
func distance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	before, last, row := rows[0], rows[1], rows[2]
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, last[j+1]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
