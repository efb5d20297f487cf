package docs

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Exchange is a command of a console block, and what it prints.
type Exchange struct{ Command, Want string }

// Exchanges takes a console block apart.
func Exchanges(text string) ([]Exchange, error) {
	var all []Exchange
	more := false // The line goes on with a command.
	for line := range strings.Lines(text) {
		command, isCommand := strings.CutPrefix(line, "$ ")
		going, goesOn := strings.CutPrefix(line, "> ")
		switch {
		case isCommand:
			all = append(all, Exchange{Command: command})
		case len(all) == 0:
			return nil, fmt.Errorf("a console block begins with \"$ command\", not with %q", strings.TrimSpace(line))
		case more && goesOn:
			all[len(all)-1].Command += going
		case more: // A continued line as it stands.
			all[len(all)-1].Command += line
		default:
			all[len(all)-1].Want += line
			continue
		}
		more = strings.HasSuffix(strings.TrimRight(line, "\n"), `\`)
	}
	if len(all) == 0 {
		return nil, errors.New("a console block without a command")
	}
	return all, nil
}

// number is a number with its unit where that changes with its size, and fractions and groups of digits.
var number = regexp.MustCompile(`[0-9]+(?:[0-9 ,.:]*[0-9])?(?: ?(?:ns|µs|ms|s|m|h|B|KiB|MiB|GiB)\b)?`)

// Matches reports whether what was printed is what a page shows, and which line of the page was not found. "..." on a
// line of its own stands for any lines, and within a line for any text. With numbers every number stands for any.
func Matches(want, got string, numbers bool) (missing string, ok bool) {
	lines := func(text string) []string {
		all := strings.Split(strings.TrimRight(text, " \n"), "\n")
		for i := range all {
			all[i] = strings.TrimRight(all[i], " \t\r")
		}
		return all
	}
	wanted, printed := lines(want), lines(got)
	if len(wanted) == 1 && wanted[0] == "" {
		return "", true // The page does not say.
	}
	at, skips := 0, false
	for _, line := range wanted {
		if strings.TrimSpace(line) == "..." || strings.TrimSpace(line) == "…" {
			skips = true
			continue
		}
		pattern := linePattern(line, numbers)
		for skips && at < len(printed) && !pattern.MatchString(printed[at]) {
			at++
		}
		if at >= len(printed) || !pattern.MatchString(printed[at]) {
			return line, false
		}
		at, skips = at+1, false
	}
	if !skips && at < len(printed) {
		return "the end, before: " + printed[at], false
	}
	return "", true
}

func linePattern(line string, numbers bool) *regexp.Regexp {
	line = strings.ReplaceAll(line, "…", "...")
	var pattern strings.Builder
	pattern.WriteString("^")
	for i, part := range strings.Split(line, "...") {
		if i > 0 {
			pattern.WriteString(".*")
		}
		if !numbers {
			pattern.WriteString(regexp.QuoteMeta(part))
			continue
		}
		at := 0
		for _, found := range number.FindAllStringIndex(part, -1) {
			pattern.WriteString(regexp.QuoteMeta(part[at:found[0]]))
			if part[found[0]:found[1]] == "0" {
				pattern.WriteString("0")
			} else {
				pattern.WriteString(number.String())
			}
			at = found[1]
		}
		pattern.WriteString(regexp.QuoteMeta(part[at:]))
	}
	pattern.WriteString("$")
	spaces := regexp.MustCompile(` {2,}`) // Columns are as wide as their numbers.
	return regexp.MustCompile(spaces.ReplaceAllString(pattern.String(), " +"))
}
