package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"

	"momento-bridge/loadtest/figure"
	"momento-bridge/printable"
)

//go:embed assets/page.html
var pageText string

//go:embed assets/page.css
var pageStyle string

//go:embed assets/page.js
var pageScript string

//go:embed assets/uPlot.iife.min.js
var plotScript string

//go:embed assets/uPlot.min.css
var plotStyle string

//go:embed assets/uPlot.LICENSE
var plotLicense string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"rate": figure.Rate, "count": figure.Count, "duration": figure.Duration, "raw": raw, "percent": figure.Share,
	"bound":   figure.Bound,
	"visible": printable.Text,
}).Parse(pageText))

// raw writes a number as JSON does, for those who read the page by program.
func raw(v any) string {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case *float64:
		if v == nil {
			return "null"
		}
		return strconv.FormatFloat(*v, 'g', -1, 64)
	}
	return fmt.Sprint(v)
}

// page is what the template shows. Texts of others are visible ones.
type page struct {
	Report              *Report
	Title               string
	Answer, Verdict     string
	Because, Tone       string
	Policy              string
	Style               template.CSS
	PlotScript          template.JS
	Script, Data, Plots template.JS
	License             string
	Tiles               []tile
	Facts, Target       []fact
	Setting, Why        string
	TimeHeads           []string
	Times               []timeRow
	Explained           string
	Refusals            []Refusal
	Shares              []refused
	HasLoad, HasPlateau bool
	HasSpectra, Delay   bool
	Started             string
}

// tile is one of the great numbers.
type tile struct{ Name, Value, Unit, Also, Raw string }

type timeRow struct {
	Name, What string
	Cells      []timeCell
}

type timeCell struct{ Text, Raw, Label string }

// WriteHTML writes the report as one page that needs nothing else, and no network.
func WriteHTML(to io.Writer, r *Report) error {
	if err := r.check(); err != nil {
		return fmt.Errorf("writing a report: %w", err)
	}
	r = tidy(r)
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("writing a report: %w", err)
	}
	drawn := r.plots()
	plots, err := json.Marshal(drawn)
	if err != nil {
		return fmt.Errorf("writing a report: %w", err)
	}
	style := plotStyle + pageStyle
	p := page{
		Report: r, Policy: policy(style, plotScript, pageScript), Style: template.CSS(style),
		PlotScript: template.JS(plotScript),
		Script:     template.JS(pageScript), Data: template.JS(printable.JSON(data)),
		Plots: template.JS(printable.JSON(plots)), License: strings.TrimSpace(plotLicense),
		Tiles: r.tiles(), Facts: r.facts(), Target: r.target(), TimeHeads: timeHeads[2:], Times: r.timeRows(),
		Explained: timesExplained,
		Shares:    drawn.Shares, HasLoad: len(drawn.Shares) > 0, HasPlateau: len(r.Plateau) > 1,
		HasSpectra: len(drawn.Spectra) > 0, Delay: len(drawn.Delay) > 0,
		Started: r.Started.UTC().Format(secondLayout), Refusals: r.Refusals,
	}
	p.Title, p.Answer, p.Verdict, p.Because, p.Tone = r.heading()
	s := r.setting()
	p.Setting, p.Why = s.line, s.why
	for i := range p.Refusals {
		p.Refusals[i].Text = printable.Text(p.Refusals[i].Text)
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		return fmt.Errorf("writing a report: %w", err)
	}
	_, err = to.Write(b.Bytes())
	return err
}

// policy lets the page run its own scripts and nothing else.
func policy(style string, scripts ...string) string {
	sources := func(texts ...string) string {
		var hashes []string
		for _, text := range texts {
			sum := sha256.Sum256([]byte(text))
			hashes = append(hashes, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
		}
		return strings.Join(hashes, " ")
	}
	return "default-src 'none'; style-src " + sources(style) + "; script-src " + sources(scripts...) +
		"; base-uri 'none'; form-action 'none'"
}

// heading splits the answer for the top of the page.
func (r *Report) heading() (title, answer, verdict, because, tone string) {
	if r.Test == Rate {
		tone = "good"
		if sum, _ := r.totals(); sum.Refused+sum.Failed > 0 {
			tone = "warn"
		}
		title, because = r.rateWords()
		return title, title, "", because, tone
	}
	answer = r.subject() + ": " + r.limit()
	if r.Verdict == Proved {
		return answer, answer, "proved", printable.Text(r.Reason), "good"
	}
	return answer, answer, "not proved", printable.Text(r.Reason), "warn"
}

// tiles are the numbers that one looks for first.
func (r *Report) tiles() []tile {
	if r.Test == Rate {
		return r.rateTiles()
	}
	rate := func(name string, v *float64, also string) tile {
		if v == nil {
			return tile{name, "–", "", "not determined", "null"}
		}
		return tile{name, figure.Number(*v, 4), "/s", also, raw(*v)}
	}
	clean := ""
	if r.CleanBound != nil {
		clean = "at most " + figure.Bound(*r.CleanBound) + " refused"
	}
	failing := "refused"
	if r.FailingRate != nil {
		if n, trials := r.failing(); trials > 0 {
			failing = fmt.Sprintf("refused in %d of %d trials", n, trials)
		}
	}
	tiles := []tile{
		rate("Clean", r.CleanRate, clean), rate("Failing", r.FailingRate, failing),
		rate("In overload", r.PlateauRate, "are accepted"),
	}
	burst := tile{"Burst", "–", "", "not determined", "null"}
	if r.Burst != nil {
		burst = tile{"Burst", figure.Number(*r.Burst, 4), "", "at once, after a pause", raw(*r.Burst)}
	}
	kind, _, _ := strings.Cut(r.kind(), ":")
	return append(tiles, burst, tile{"Kind", kind, "", "of limiter", ""},
		tile{"Used", figure.Count(r.Requests), "", "requests in " + figure.Duration(r.DurationSeconds), raw(r.Requests)})
}

func (r *Report) rateTiles() []tile {
	sum, seconds := r.totals()
	of := func(name string, n int) tile {
		return tile{name, figure.Count(n), "", figure.Rate(perSecond(n, seconds)) + ", " +
			figure.Share(share(n, sum.Offered)), raw(n)}
	}
	tiles := []tile{
		of("Offered", sum.Offered), of("Accepted", sum.Accepted), of("Refused", sum.Refused),
		of("Failed", sum.Failed),
	}
	tiles[0].Also = figure.Rate(perSecond(sum.Offered, seconds)) + " for " + figure.Duration(seconds)
	if d := r.Delivery; d != nil {
		lost := fmt.Sprintf("duplicated %s, reordered %s", figure.Count(d.Duplicates), figure.Count(d.Reordered))
		return append(tiles, tile{"Delivered", figure.Count(d.Delivered), "", "of " + figure.Count(d.Sent), raw(d.Delivered)},
			tile{"Lost", figure.Count(d.Lost), "", lost, raw(d.Lost)})
	}
	if l, ok := r.Latency["accepted"]; ok {
		tiles = append(tiles, tile{"Accepted, p50", optional(l.P50), "", "response time", raw(l.P50)},
			tile{"Accepted, p99", optional(l.P99), "", "response time", raw(l.P99)})
	}
	return tiles
}

func (r *Report) timeRows() []timeRow {
	var rows []timeRow
	for _, t := range r.timings() {
		values := []any{t.rate, t.Count, t.Min, t.Mean, t.P50, t.P90, t.P99, t.P999, t.Max}
		row := timeRow{Name: t.name, What: t.what}
		for i, text := range t.cells()[2:] {
			row.Cells = append(row.Cells, timeCell{text, raw(values[i]), timeHeads[i+2]})
		}
		rows = append(rows, row)
	}
	return rows
}

// Clock writes when a second of the test was.
func (p page) Clock(at int) string {
	return p.Report.Started.Add(time.Duration(at) * time.Second).UTC().Format(time.TimeOnly)
}

// Ms writes a time in milliseconds.
func (page) Ms(seconds float64) string { return figure.Number(seconds*1e3, 4) }
