package template

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Key says by which wildcards the subjects of a filter can be parted so that each topic is in one part. It has to be
// read from the topic alone: two subjects with the same topic have the same values there.
type Key struct {
	// Wildcards are numbers of the filter's "*", counted from 1, in the order of their values in the topic.
	Wildcards []int
	// Whole says that it is the whole subject, where only its ">" could tell parts apart.
	Whole bool
}

// Keys returns the key of each filter for a template that Compile has taken. An error says why messages of one topic
// could be in different parts, and what to write instead.
func Keys(filters []string, template string) ([]Key, error) {
	keys := make([]Key, len(filters))
	first := ""
	for i, filter := range filters {
		wildcards, err := filterWildcards(filter)
		if err != nil {
			return nil, err
		}
		if len(wildcards) == 0 {
			return nil, fmt.Errorf("%q has no wildcard, so that all its messages would be in one partition", filter)
		}
		c := compiler{filter: filter, wildcards: wildcards}
		if err := c.compile(template); err != nil {
			return nil, err
		}
		key, places := c.key()
		if len(key.Wildcards) == 0 && !key.Whole && len(c.headers) > 0 {
			return nil, fmt.Errorf("the topic %q is made of the header %s, by which a stream cannot be parted: name a "+
				"wildcard of %q besides, as a token of its own, such as {{wildcard(1)}}.{{header(%[2]s)}}",
				template, c.headers[0].name, filter)
		}
		if len(key.Wildcards) == 0 && !key.Whole {
			return nil, fmt.Errorf("the topic %q does not name a wildcard of %q as a token of its own, so that "+
				"messages "+
				"of one topic could be in different partitions: write %s, with dots around it, or {{subject}}",
				template, filter, "{{wildcard(1)}}")
		}
		keys[i] = key
		if template == "{{subject}}" { // The filters do not overlap, so neither do their topics.
			continue
		}
		if i > 0 && (places != first || key.Whole) {
			return nil, errors.New("messages of several subjects could have one topic and be in different " +
				"partitions: " +
				"use {{subject}} as the topic, or make a route of each subject")
		}
		first = places
	}
	return keys, nil
}

// piece is what a part of a template stands for: text, a value of the subject, or, with neither, something that may
// hold any number of dots.
type piece struct {
	text string
	span *tokenSpan
}

// cell is a piece of a topic within one token: a "*" of the filter, or text. Several are more than a token: the
// filter's ">", or what is not known.
type cell struct {
	text     string
	wildcard int // Its number, from 1; 0: it is text or several.
	several  bool
	tail     bool // Of several: what the ">" matched, and nothing else.
}

// key returns by what subjects can be parted, and where in a topic that stands, to be compared with other filters.
func (c *compiler) key() (Key, string) {
	tokens := c.cells()
	var key Key
	var places []string
	note := func(place string, token []cell) {
		n, text := wholeValue(token)
		if n > 0 && !slices.Contains(key.Wildcards, n) {
			key.Wildcards = append(key.Wildcards, n)
			places = append(places, place+text)
		}
	}
	left := 0
	for left < len(tokens) && !hasSeveral(tokens[left]) {
		note(strconv.Itoa(left), tokens[left])
		left++
	}
	right := len(tokens)
	for right > left && !hasSeveral(tokens[right-1]) {
		right--
		note(strconv.Itoa(right-len(tokens)), tokens[right])
	}
	stars := 0
	for _, w := range c.wildcards {
		if !w.toEnd {
			stars++
		}
	}
	key.Whole = len(key.Wildcards) == 0 && stars == 0 && right-left == 1 && onlyTail(tokens[left])
	return key, strings.Join(places, " ")
}

// cells returns what a topic is made of, by its tokens.
func (c *compiler) cells() [][]cell {
	tokens := [][]cell{nil}
	add := func(one cell) { tokens[len(tokens)-1] = append(tokens[len(tokens)-1], one) }
	text := func(s string) {
		for i, word := range strings.Split(s, ".") {
			if i > 0 {
				tokens = append(tokens, nil)
			}
			if word != "" {
				add(cell{text: word})
			}
		}
	}
	filter := strings.Split(c.filter, ".")
	for _, p := range c.pieces {
		switch {
		case p.span == nil && p.text != "":
			text(p.text)
		case p.span == nil:
			add(cell{several: true})
		default:
			last := p.span.token + 1
			if p.span.toEnd {
				last = len(filter)
			}
			for i := p.span.token; i < last; i++ {
				if i > p.span.token {
					tokens = append(tokens, nil)
				}
				switch filter[i] {
				case "*":
					add(cell{wildcard: 1 + strings.Count(strings.Join(filter[:i], "."), "*")})
				case ">":
					add(cell{several: true, tail: p.span.toEnd})
				default:
					add(cell{text: filter[i]})
				}
			}
		}
	}
	return tokens
}

// wholeValue returns the wildcard whose value a token holds, alone but for text, and that text; 0 if it holds none.
func wholeValue(token []cell) (wildcard int, text string) {
	for _, one := range token {
		switch {
		case one.wildcard > 0 && wildcard > 0:
			return 0, "" // Where one ends and the other begins cannot be told.
		case one.wildcard > 0:
			wildcard = one.wildcard
			text += "*"
		default:
			text += one.text
		}
	}
	return wildcard, text
}

func hasSeveral(token []cell) bool {
	return slices.ContainsFunc(token, func(one cell) bool { return one.several })
}

// onlyTail reports whether a token holds the filter's ">" once, and text.
func onlyTail(token []cell) bool {
	n := 0
	for _, one := range token {
		switch {
		case one.tail:
			n++
		case one.several, one.wildcard > 0:
			return false
		}
	}
	return n == 1
}
