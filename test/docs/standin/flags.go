package standin

import (
	"fmt"
	"strings"
)

// flagTable says of each flag whether it takes a value.
func flagTable(list string) map[string]bool {
	table := map[string]bool{}
	for name := range strings.FieldsSeq(list) {
		name, valued := strings.CutSuffix(name, "=")
		switch {
		case strings.HasPrefix(name, "-"):
		case len(name) == 1:
			name = "-" + name
		default:
			name = "--" + name
		}
		table[name] = valued
	}
	return table
}

// takeFlag reads the flag that the words begin with, and returns the words behind it.
func (c *call) takeFlag(known map[string]bool, words []string) ([]string, error) {
	word, rest := words[0], words[1:]
	name, value, given := strings.Cut(word, "=")
	valued, ok := known[name]
	if !ok && !strings.HasPrefix(word, "--") && len(word) > 2 { // -fvalue, -abc
		first := word[:2]
		if valued, ok = known[first]; ok && valued {
			c.flags[first] = append(c.flags[first], word[2:])
			return rest, nil
		}
		if ok {
			c.flags[first] = append(c.flags[first], "")
			return append([]string{"-" + word[2:]}, rest...), nil
		}
	}
	switch {
	case !ok:
		return nil, fmt.Errorf("unknown flag %s", name)
	case !valued && given:
		c.flags[name] = append(c.flags[name], value) // --dry-run=client
	case valued && !given:
		if len(rest) == 0 {
			return nil, fmt.Errorf("%s needs a value", name)
		}
		value, rest = rest[0], rest[1:]
		c.flags[name] = append(c.flags[name], value)
	default:
		c.flags[name] = append(c.flags[name], value)
	}
	return rest, nil
}
