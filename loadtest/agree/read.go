package agree

import (
	"regexp"
	"slices"
	"strings"
)

// fact is a name, and what is said of it.
type fact struct{ name, text string }

// facts are what is read of one format.
type facts struct {
	head   string
	facts  []fact
	advice string
	times  [][]string
	trials [][]string // Offered, accepted, share of refusals with its interval.
	all    string     // What people read of it.
}

// column is where the text of a fact begins.
const column = 14

func readText(text string) facts {
	blocks := strings.Split(text, "\n\n")
	f := facts{head: blocks[0], all: text}
	for line := range strings.Lines(blocks[1]) {
		line = strings.TrimSuffix(line, "\n")
		f.facts = append(f.facts, fact{strings.TrimSpace(line[:column]), line[column:]})
	}
	for i, block := range blocks[:len(blocks)-1] {
		switch {
		case strings.HasPrefix(block, "For the daemon's configuration"):
			f.advice = strings.ReplaceAll(strings.TrimPrefix(blocks[i+1], "    "), "\n    ", "\n")
			f.advice = strings.TrimSuffix(f.advice, "\n")
		case strings.HasPrefix(block, "Times"):
			rows := strings.Split(strings.TrimSuffix(blocks[i+1], "\n"), "\n")
			for _, row := range rows[1:] {
				f.times = append(f.times, slices.DeleteFunc(wide.Split(strings.TrimSpace(row), -1),
					func(cell string) bool { return cell == "" }))
			}
		}
	}
	return f
}

// wide is what stands between two columns.
var wide = regexp.MustCompile(" {2,}")

func readMarkdown(text string) facts {
	sections := strings.Split(text, "\n## ")
	lines := strings.Split(sections[0], "\n")
	f := facts{head: plain(lines[2]), all: plain(text)}
	for _, section := range sections[1:] {
		title, rest, _ := strings.Cut(section, "\n")
		rows := tableOf(rest)
		switch {
		case title == "What was found":
			for _, row := range rows {
				f.facts = append(f.facts, fact{row[0], row[1]})
			}
		case strings.HasPrefix(title, "For the daemon's"):
			_, code, _ := strings.Cut(rest, "```yaml\n")
			f.advice, _, _ = strings.Cut(code, "\n```")
		case title == "Times":
			for _, row := range rows {
				f.times = append(f.times, slices.DeleteFunc(row, func(cell string) bool { return cell == "" }))
			}
		case strings.HasPrefix(title, "The trials"):
			for _, row := range rows {
				f.trials = append(f.trials, []string{row[1], row[3], row[6]})
			}
		}
	}
	return f
}

// tableOf reads the rows of the first table, without its head.
func tableOf(text string) [][]string {
	var rows [][]string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		cells := unescapedBar.Split(strings.TrimSuffix(strings.TrimPrefix(line, "| "), " |"), -1)
		for i := range cells {
			cells[i] = plain(strings.TrimSpace(cells[i]))
		}
		rows = append(rows, cells)
	}
	if len(rows) < 2 {
		return nil
	}
	return rows[2:] // The head, and the line below it.
}

var (
	unescapedBar = regexp.MustCompile(` \| `)
	escaped      = regexp.MustCompile(`\\([\\` + "`" + `*\[\]|~#_])`)
)

// plain is a text of Markdown as people read it.
func plain(text string) string {
	text = escaped.ReplaceAllString(text, "$1")
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
}
