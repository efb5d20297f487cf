package made

import (
	"fmt"
	"strings"
)

const (
	tableBegin = "<!-- values: made by go -C test/helm run ./generate -->\n"
	tableEnd   = "<!-- end of values -->\n"
)

// withTable puts the table of values into the page.
func withTable(page string, values []byte) (string, error) {
	before, rest, ok := strings.Cut(page, tableBegin)
	_, after, found := strings.Cut(rest, tableEnd)
	if !ok || !found {
		return "", fmt.Errorf("the page has no place for the table: %q and %q", tableBegin, tableEnd)
	}
	rows, err := table(values)
	return before + tableBegin + "\n" + rows + "\n" + tableEnd + after, err
}

func table(values []byte) (string, error) {
	all, err := listed(values)
	var b strings.Builder
	b.WriteString("| value | default | |\n| --- | --- | --- |\n")
	cell := strings.NewReplacer("|", `\|`, "<", "&lt;").Replace
	for _, v := range all {
		if v.section && v.comment == "" {
			continue
		}
		shown := ""
		if !v.section {
			shown = "`" + v.shown + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.path, cell(shown), cell(v.comment))
	}
	return b.String(), err
}
