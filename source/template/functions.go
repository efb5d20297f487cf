package template

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// function is what may stand between "{{" and "}}".
type function struct {
	name             string // in lower case
	example          string
	minArgs, maxArgs int
	build            func(c *compiler, args []string) (part, error)
}

var functions = []function{
	{"subject", "{{subject}}", 0, 0, buildSubject},
	{"wildcard", "{{wildcard(1)}}", 1, 1, buildWildcard},
	{"partition", "{{partition(8)}} or {{partition(8,1)}}", 1, math.MaxInt, buildPartition},
	{"random", "{{random(8)}}", 1, 1, buildRandom},
	{"header", "{{header(Name)}} or {{header(Name,default)}}", 1, 2, buildHeader},
	{"split", "{{split(1,-)}}", 2, 2, buildSplit},
	{"splitfromleft", "{{splitFromLeft(1,2)}}", 2, 2, buildCut(splitFromLeft)},
	{"splitfromright", "{{splitFromRight(1,2)}}", 2, 2, buildCut(splitFromRight)},
	{"slicefromleft", "{{sliceFromLeft(1,2)}}", 2, 2, buildCut(sliceFromLeft)},
	{"slicefromright", "{{sliceFromRight(1,2)}}", 2, 2, buildCut(sliceFromRight)},
	{"left", "{{left(1,2)}}", 2, 2, buildCut(left)},
	{"right", "{{right(1,2)}}", 2, 2, buildCut(right)},
}

// function compiles a call such as "left(1,2)".
func (c *compiler) function(call string) (part, error) {
	name, list, parenthesis := strings.Cut(call, "(")
	name = strings.ToLower(strings.TrimSpace(name))
	list, closed := strings.CutSuffix(list, ")")
	i := slices.IndexFunc(functions, func(f function) bool { return f.name == name })
	if i < 0 {
		return nil, fmt.Errorf("unknown function %q; %s", name, suggestFunction(name))
	}
	f := functions[i]
	if parenthesis && !closed {
		return nil, fmt.Errorf("it does not end in a parenthesis; write it like %s", f.example)
	}
	var args []string
	if strings.TrimSpace(list) != "" {
		args = strings.Split(list, ",")
	}
	if len(args) < f.minArgs {
		return nil, fmt.Errorf("too few arguments; write it like %s", f.example)
	}
	if len(args) > f.maxArgs {
		return nil, fmt.Errorf("too many arguments; write it like %s", f.example)
	}
	return f.build(c, args)
}

// suggestFunction says what may have been meant by name.
func suggestFunction(name string) string {
	nearest := slices.MinFunc(functions, func(a, b function) int {
		return editDistance(name, a.name) - editDistance(name, b.name)
	})
	if editDistance(name, nearest.name) <= 1+len(nearest.name)/4 {
		return "did you mean " + nearest.example + "?"
	}
	names := make([]string, len(functions))
	for i, f := range functions {
		names[i] = f.name
	}
	return "there are " + strings.Join(names, ", ")
}

// editDistance counts the bytes to insert, remove or replace to turn a into b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}

func buildSubject(c *compiler, _ []string) (part, error) {
	c.value = &tokenSpan{toEnd: true}
	return c.value.appendTo, nil
}

func buildWildcard(c *compiler, args []string) (part, error) {
	value, err := c.wildcard(args[0])
	c.value = &value
	return value.appendTo, err
}

func buildPartition(c *compiler, args []string) (part, error) {
	n, err := wholeNumber(args[0])
	if err != nil {
		return nil, err
	}
	// Like the server: without arguments, and whatever they are for a filter without wildcards, the whole subject
	// counts.
	values := []tokenSpan{{toEnd: true}}
	if len(args) > 1 && len(c.wildcards) > 0 {
		values = nil
		for _, arg := range args[1:] {
			value, err := c.wildcard(arg)
			if err != nil {
				return nil, err
			}
			values = append(values, value)
		}
	}
	partitions := uint32(max(n, 1))
	if n < 0 {
		partitions = uint32(n) // Wraps, as it does in the server.
	}
	return func(dst []byte, m message) []byte {
		hash := uint32(2166136261)
		for _, value := range values {
			hash = fnv1a(hash, value.of(m.subject))
		}
		return strconv.AppendUint(dst, uint64(hash%partitions), 10)
	}, nil
}

// fnv1a continues a 32-bit FNV-1a hash with the bytes of s. Package hash/fnv would need an allocation.
func fnv1a(hash uint32, s string) uint32 {
	for i := range len(s) {
		hash = (hash ^ uint32(s[i])) * 16777619
	}
	return hash
}

func buildRandom(_ *compiler, args []string) (part, error) {
	n, err := wholeNumber(args[0])
	if err != nil {
		return nil, err
	}
	limit := max(n, -n, 1) // The server's remainder ignores the sign, and 0 gives 0.
	return func(dst []byte, _ message) []byte {
		return strconv.AppendInt(dst, int64(rand.IntN(limit)), 10)
	}, nil
}

func buildSplit(c *compiler, args []string) (part, error) {
	value, err := c.wildcard(args[0])
	if err != nil {
		return nil, err
	}
	separator := strings.TrimLeft(args[1], "\t\n\f\r ")
	if strings.ContainsAny(separator, " .") {
		return nil, fmt.Errorf(
			"the separator %q contains a space or a dot; use one that subject tokens can contain", separator)
	}
	return func(dst []byte, m message) []byte {
		return split(dst, value.of(m.subject), separator)
	}, nil
}

// split appends the pieces of s between separators, joined by dots. Empty pieces are left out, but the server puts a
// dot before every later piece unless only one separator stands before it: "--a" becomes ".a".
func split(dst []byte, s, separator string) []byte {
	first, rest, found := cutPiece(s, separator)
	dst = append(dst, first...)
	dot := first != ""
	for found {
		var piece string
		piece, rest, found = cutPiece(rest, separator)
		if piece != "" && dot {
			dst = append(dst, '.')
		}
		dst = append(dst, piece...)
		dot = true
	}
	return dst
}

// cutPiece cuts s at the first separator; an empty separator is between any two characters.
func cutPiece(s, separator string) (piece, rest string, found bool) {
	if separator != "" {
		return strings.Cut(s, separator)
	}
	_, size := utf8.DecodeRuneInString(s)
	return s[:size], s[size:], size < len(s)
}

// cut appends s, cut in some way by k. It is called for 0 < k < len(s) only.
type cut func(dst []byte, s string, k int) []byte

func buildCut(apply cut) func(*compiler, []string) (part, error) {
	return func(c *compiler, args []string) (part, error) {
		value, err := c.wildcard(args[0])
		if err != nil {
			return nil, err
		}
		k, err := wholeNumber(args[1])
		if err != nil {
			return nil, err
		}
		return func(dst []byte, m message) []byte {
			s := value.of(m.subject)
			if k <= 0 || k >= len(s) {
				return append(dst, s...)
			}
			return apply(dst, s, k)
		}, nil
	}
}

func left(dst []byte, s string, k int) []byte {
	return append(dst, s[:k]...)
}

func right(dst []byte, s string, k int) []byte {
	return append(dst, s[len(s)-k:]...)
}

func splitFromLeft(dst []byte, s string, k int) []byte {
	return append(append(append(dst, s[:k]...), '.'), s[k:]...)
}

func splitFromRight(dst []byte, s string, k int) []byte {
	return splitFromLeft(dst, s, len(s)-k)
}

func sliceFromLeft(dst []byte, s string, k int) []byte {
	for len(s) > k {
		dst = append(append(dst, s[:k]...), '.')
		s = s[k:]
	}
	return append(dst, s...)
}

func sliceFromRight(dst []byte, s string, k int) []byte {
	if short := len(s) % k; short > 0 {
		dst = append(append(dst, s[:short]...), '.')
		s = s[short:]
	}
	return sliceFromLeft(dst, s, k)
}
