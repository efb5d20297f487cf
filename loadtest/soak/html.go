package soak

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed page.html
var page string

var pageTemplate = template.Must(template.New("soak").Parse(page))

// WriteHTML writes the report as one page, which loads nothing.
func WriteHTML(to io.Writer, r *Report) error {
	type row struct{ Name, Text string }
	type chart struct {
		Name, Text, Least, Most string
		Has                     bool
		Lines                   []string // Of points, for SVG.
		Since                   string   // Where the change is; empty: there is none.
	}
	data := struct {
		Answer string
		Tone   string
		Facts  []row
		Charts []chart
	}{Answer: r.answer(), Tone: r.tone()}
	for _, f := range r.facts() {
		data.Facts = append(data.Facts, row{f.name, f.text})
	}
	for i := range r.Series {
		s := &r.Series[i]
		least, most, ok := s.span()
		if !ok {
			continue
		}
		c := chart{
			Name: s.title(), Text: s.words(r.clock()), Least: inUnit(least, s.Unit), Most: inUnit(most, s.Unit),
			Has: s.Drift.Has(), Lines: s.lines(r.At, least, most),
		}
		if s.Drift.Since != nil && len(r.At) > 0 {
			at := s.Drift.Since.Sub(r.Started).Seconds()
			c.Since = fmt.Sprintf("%.1f", width*at/r.At[len(r.At)-1])
		}
		data.Charts = append(data.Charts, c)
	}
	if err := pageTemplate.Execute(to, data); err != nil {
		return fmt.Errorf("writing HTML: %w", err)
	}
	return nil
}

// tone is the class of the answer: met, or open where nothing is wrong and something cannot be told; empty: not met.
func (r *Report) tone() string {
	switch {
	case !r.Met():
		return ""
	case r.Verdict == Short || r.Interrupted || r.Reason != "":
		return "open"
	}
	return "met"
}

// The size of a chart.
const (
	width  = 900.0
	height = 120.0
)

// span is from the least to the greatest value; false: there is none. A level line has some room around it.
func (s *Series) span() (least, most float64, ok bool) {
	for _, v := range s.Values {
		switch {
		case v == nil:
		case !ok:
			least, most, ok = *v, *v, true
		default:
			least, most = min(least, *v), max(most, *v)
		}
	}
	least = min(least, 0.9*most)
	return least, most, ok
}

// lines are the stretches of known values, as points for SVG.
func (s *Series) lines(at []float64, least, most float64) []string {
	var lines []string
	var line strings.Builder
	end := func() {
		if line.Len() > 0 {
			lines = append(lines, line.String())
			line.Reset()
		}
	}
	scale := max(most-least, 1e-12)
	for i, v := range s.Values {
		if v == nil {
			end()
			continue
		}
		fmt.Fprintf(&line, "%.1f,%.1f ", width*at[i]/at[len(at)-1], height*(1-(*v-least)/scale))
	}
	end()
	return lines
}
