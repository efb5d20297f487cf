package agree

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// page is what is read of the web page.
type page struct {
	facts
	title, verdict, because, tone string
	tiles                         []tile
	data                          map[string]any // The report in the page.
	drawn                         drawn
}

type tile struct{ name, value, also string }

// drawn is what the plots are made of, besides the report.
type drawn struct {
	Fit    *struct{ Text string }
	Shares []struct{ Text string }
}

func readPage(from io.Reader) (page, error) {
	root, err := html.Parse(from)
	if err != nil {
		return page{}, fmt.Errorf("the page cannot be read: %w", err)
	}
	p := page{}
	answer := first(root, "section", "class", "answer")
	p.tone = attribute(answer, "data-tone")
	p.verdict = textOf(first(answer, "span", "class", "verdict"))
	p.title = strings.TrimSpace(strings.TrimSuffix(textOf(first(answer, "h1", "", "")), p.verdict))
	p.because = textOf(first(answer, "p", "", ""))
	for _, div := range all(first(root, "dl", "class", "tiles"), "div", "", "") {
		dds := all(div, "dd", "", "")
		p.tiles = append(p.tiles, tile{textOf(first(div, "dt", "", "")), textOf(dds[0]), textOf(dds[1])})
	}
	p.facts.facts = factsOf(all(root, "dl", "class", "facts")[0])
	p.advice = textOf(first(first(root, "section", "class", "setting"), "code", "", ""))
	for _, row := range bodyOf(first(root, "table", "class", "times")) {
		p.times = append(p.times, slices.DeleteFunc(row, func(cell string) bool { return cell == "" }))
	}
	for _, row := range bodyOf(first(root, "table", "class", "trials")) {
		p.trials = append(p.trials, []string{row[0], row[4], fmt.Sprintf("%s (%s)", row[7], row[8])})
	}
	p.all = textOf(first(root, "main", "", ""))
	if err := json.Unmarshal([]byte(textOf(first(root, "script", "id", "report"))), &p.data); err != nil {
		return p, fmt.Errorf("the report in the page cannot be read: %w", err)
	}
	if err := json.Unmarshal([]byte(textOf(first(root, "script", "id", "drawn"))), &p.drawn); err != nil {
		return p, fmt.Errorf("what is drawn cannot be read: %w", err)
	}
	return p, nil
}

func factsOf(list *html.Node) []fact {
	var found []fact
	for _, div := range all(list, "div", "", "") {
		found = append(found, fact{textOf(first(div, "dt", "", "")), textOf(first(div, "dd", "", ""))})
	}
	return found
}

func bodyOf(table *html.Node) [][]string {
	var rows [][]string
	for _, tr := range all(first(table, "tbody", "", ""), "tr", "", "") {
		var row []string
		for c := range tr.ChildNodes() {
			if c.Data == "td" || c.Data == "th" {
				row = append(row, textOf(c))
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// all are the elements below one of a name, with a value of an attribute; without its name, whatever that is.
func all(below *html.Node, name, key, value string) []*html.Node {
	var found []*html.Node
	if below == nil {
		return nil
	}
	for n := range below.Descendants() {
		if n.Type == html.ElementNode && n.Data == name && (key == "" || attribute(n, key) == value) {
			found = append(found, n)
		}
	}
	return found
}

// first is nil where there is none.
func first(below *html.Node, name, key, value string) *html.Node {
	if found := all(below, name, key, value); len(found) > 0 {
		return found[0]
	}
	return nil
}

func attribute(n *html.Node, key string) string {
	if n == nil {
		return ""
	}
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// textOf is the text of an element and all below it; a new line stands between blocks.
func textOf(n *html.Node) string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	for c := range n.Descendants() {
		switch {
		case c.Type == html.TextNode:
			b.WriteString(c.Data)
		case c.Type == html.ElementNode && slices.Contains([]string{"td", "tr", "dd", "dt", "p", "h1", "h2"}, c.Data):
			b.WriteByte('\n')
		}
	}
	return strings.TrimSpace(b.String())
}
