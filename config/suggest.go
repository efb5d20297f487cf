package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// unknownKey says that a key in a mapping is not known, and which one may have been meant: that one is then not
// reported as missing.
func (f *File) unknownKey(key, path string, at *yaml.Node, fields map[string]int) {
	names := slices.Sorted(maps.Keys(fields))
	text := fmt.Sprintf("unknown key %q in %s", key, nameOf(path))
	if now := formerKeys[join(path, key)].now; now != "" { // Alone it is read.
		f.broken[join(path, now)] = true
		text = fmt.Sprintf("the key %q in %s is called %q now, which is there, too: remove it", key, nameOf(path), now)
	} else if near := nearest(key, names); near != "" {
		f.broken[join(path, near)] = true
		text += fmt.Sprintf(" (did you mean %q?)", near)
	} else if places := placesOf(key); places != "" {
		text += ": it is a key of " + places
	} else {
		text += "; known keys: " + strings.Join(names, ", ")
	}
	f.add(problem{at: position{at.Line, at.Column}, text: text})
}

// placesOf names the sections that have a key; empty if none has.
func placesOf(key string) string {
	var places []string
	for _, k := range Keys() {
		if i := strings.LastIndexByte(k.Path, '.'); k.Path[i+1:] == key {
			places = append(places, nameOf(k.Path[:max(i, 0)]))
		}
	}
	return strings.Join(places, ", ")
}

// didYouMean offers the name nearest to a word, if one is near.
func didYouMean(word string, names []string) string {
	if near := nearest(word, names); near != "" {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}

// nearest returns the name that differs least from a word, or that the word begins; empty if none is near.
func nearest(word string, names []string) string {
	word = strings.ToLower(word)
	best, least := "", max(1, len(word)/3)+1
	for _, name := range names {
		if d := distance(word, name); d < least {
			best, least = name, d
		}
	}
	for _, name := range names {
		if best == "" && len(word) > 2 && strings.HasPrefix(name, word) {
			best = name
		}
	}
	return best
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
